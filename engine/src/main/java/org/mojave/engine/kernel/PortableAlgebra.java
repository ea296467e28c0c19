package org.mojave.engine.kernel;

import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products and factorisations in Java with the Vector API, for machines where OpenBLAS cannot be loaded. Layout and
 * micro-kernel: {@link VectorGemm}. Reference: {@link ScalarReference}; benchmark: {@code KernelBench} in {@code bench}.
 */
public record PortableAlgebra() implements LinearAlgebra {
    private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_PREFERRED;

    @Override
    public String describe() {
        return "Java Vector API, " + VectorGemm.BITS + "-bit vectors";
    }

    @Override
    public void multiplyTransposed(Block x, Block w, Block y, Extent extent) {
        VectorGemm.multiplyTransposed(x, w, y, extent);
    }

    @Override
    public void addTransposed(float alpha, Block a, Block b, Block c, Extent extent) {
        VectorGemm.addTransposed(alpha, a, b, c, extent);
    }

    @Override
    public boolean cholesky(double[] a, int n) {
        Factorizations.checkSquare(a, n);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                a[i * n + j] = (a[i * n + j] - dot(a, i * n, j * n, j)) / a[j * n + j];
            }
            double pivot = a[i * n + i] - dot(a, i * n, i * n, i);
            if (!(pivot > 0 && pivot < Double.POSITIVE_INFINITY)) {
                return false;
            }
            a[i * n + i] = Math.sqrt(pivot);
        }
        return true;
    }

    @Override
    public boolean invertLower(double[] l, int n) {
        Factorizations.checkSquare(l, n);
        double[] row = new double[n];
        for (int i = 0; i < n; i++) {
            double pivot = l[i * n + i];
            if (pivot == 0) {
                return false;
            }
            Arrays.fill(row, 0, i, 0);
            for (int k = 0; k < i; k++) {
                double factor = l[i * n + k];
                for (int j = 0; j <= k; j++) {
                    row[j] -= factor * l[k * n + j];
                }
            }
            for (int j = 0; j < i; j++) {
                l[i * n + j] = row[j] / pivot;
            }
            l[i * n + i] = 1 / pivot;
        }
        return true;
    }

    private static double dot(double[] a, int first, int second, int length) {
        DoubleVector sum = DoubleVector.zero(DOUBLES);
        int k = 0;
        for (; k < DOUBLES.loopBound(length); k += DOUBLES.length()) {
            sum = DoubleVector.fromArray(DOUBLES, a, first + k).fma(DoubleVector.fromArray(DOUBLES, a, second + k), sum);
        }
        double total = LaneSum.of(sum);
        for (; k < length; k++) {
            total += a[first + k] * a[second + k];
        }
        return total;
    }
}
