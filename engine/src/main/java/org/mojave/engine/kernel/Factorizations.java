package org.mojave.engine.kernel;

import java.util.Arrays;

/** What follows from a Cholesky factor and a triangular inverse, written once for every {@link LinearAlgebra}. */
final class Factorizations {
    private Factorizations() {}

    /** H⁻¹ = L⁻ᵀ · L⁻¹. */
    static boolean invert(LinearAlgebra algebra, double[] a, int n) {
        if (!algebra.cholesky(a, n) || !algebra.invertLower(a, n)) {
            return false;
        }
        double[] row = new double[n];
        for (int i = 0; i < n; i++) {
            Arrays.fill(row, 0, i + 1, 0);
            for (int k = i; k < n; k++) {
                double scale = a[k * n + i];
                for (int j = 0; j <= i; j++) {
                    row[j] += scale * a[k * n + j];
                }
            }
            System.arraycopy(row, 0, a, i * n, i + 1);
        }
        mirrorLower(a, n);
        return true;
    }

    /**
     * With J the reversal of the order, J·H·J = L·Lᵀ gives H = R·Rᵀ with R = J·L·J upper triangular, so U = R⁻¹ = J·L⁻¹·J:
     * half the work of inverting H first, and the condition number enters once instead of twice.
     */
    static boolean inverseUpperFactor(LinearAlgebra algebra, double[] a, int n) {
        int size = n * n;
        reverse(a, size);
        if (!algebra.cholesky(a, n) || !algebra.invertLower(a, n)) {
            return false;
        }
        for (int i = 0; i < n; i++) {
            Arrays.fill(a, i * n + i + 1, (i + 1) * n, 0);
        }
        reverse(a, size);
        return true;
    }

    /** Copies the lower triangle to the upper. */
    static void mirrorLower(double[] a, int n) {
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                a[j * n + i] = a[i * n + j];
            }
        }
    }

    private static void reverse(double[] a, int size) {
        for (int i = 0, j = size - 1; i < j; i++, j--) {
            double other = a[i];
            a[i] = a[j];
            a[j] = other;
        }
    }

    /** Throws unless {@code a} holds n × n elements. */
    static void checkSquare(double[] a, int n) {
        if (n < 0 || a.length < Math.multiplyExact(n, n)) {
            throw new IllegalArgumentException("matrix of order " + n + " in an array of " + a.length);
        }
    }
}
