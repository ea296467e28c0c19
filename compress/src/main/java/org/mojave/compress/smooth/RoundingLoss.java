package org.mojave.compress.smooth;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.Extent;
import org.mojave.engine.kernel.LinearAlgebra;

/**
 * Output error of matrices that share their input channels, after scaling, rounding and undoing the scale: {@code Σ_m
 * tr(ΔW·H·ΔWᵀ), ΔW = Q(W·diag(s))·diag(1/s) − W}, H the second moments that matrix m sees. With routing weights in H the sum is the
 * layer's error to first order.
 *
 * <p>Keeps two copies of the largest matrix as scratch. One thread.
 *
 * @param readers matrices with their statistics
 * @param columns input channels
 * @param rounding what Q does
 * @param algebra for the products
 */
public record RoundingLoss(List<Reader> readers, int columns, Rounding rounding, LinearAlgebra algebra)
        implements ToDoubleFunction<float[]> {
    /** Rounds a matrix w [rows, columns] and decodes it again, in place. */
    @FunctionalInterface
    public interface Rounding {
        /** Replaces w by what its codes stand for. */
        void round(float[] w, int rows, int columns);
    }

    /**
     * A matrix.
     *
     * @param weight [rows, columns], only read
     * @param hessian [columns, columns], only read
     */
    public record Reader(float[] weight, float[] hessian) {}

    public RoundingLoss {
        readers = List.copyOf(readers);
        for (Reader reader : readers) {
            if (columns < 1 || reader.weight.length % columns != 0 || reader.hessian.length != (long) columns * columns) {
                throw new IllegalArgumentException("a matrix of " + reader.weight.length + " weights and a hessian of "
                        + reader.hessian.length + " elements do not fit " + columns + " columns");
            }
        }
    }

    @Override
    public double applyAsDouble(float[] scale) {
        double loss = 0;
        for (Reader reader : readers) {
            loss += loss(reader, scale);
        }
        return loss;
    }

    private double loss(Reader reader, float[] scale) {
        int rows = reader.weight.length / columns;
        float[] change = reader.weight.clone();
        Folding.multiplyColumns(change, scale);
        rounding.round(change, rows, columns);
        for (int i = 0; i < change.length; i++) {
            change[i] = change[i] / scale[i % columns] - reader.weight[i];
        }
        float[] product = new float[change.length];
        algebra.multiplyTransposed(new Block(change, 0, columns), new Block(reader.hessian, 0, columns),
                new Block(product, 0, columns), new Extent(rows, columns, columns));
        double loss = 0;
        for (int i = 0; i < change.length; i++) {
            loss += (double) change[i] * product[i];
        }
        return loss;
    }
}
