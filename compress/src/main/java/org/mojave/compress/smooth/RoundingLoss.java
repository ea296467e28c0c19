package org.mojave.compress.smooth;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.mojave.compress.quantize.Hessian;
import org.mojave.compress.quantize.OutputError;
import org.mojave.compress.quantize.Quantizer;
import org.mojave.compress.quantize.Statistics;
import org.mojave.compress.quantize.WeightMatrix;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.format.packed.Scheme;

/**
 * Output error of matrices that share their input channels, after scaling, rounding and undoing the scale: {@code Σ_m
 * tr(ΔW·H·ΔWᵀ), ΔW = Q(W·diag(s))·diag(1/s) − W}, H the second moments that matrix m sees. With routing weights in H the sum is the
 * layer's error to first order.
 *
 * <p>Keeps a copy of the largest matrix as scratch. One thread.
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

        /** Rounding by a quantizer that needs no statistics. */
        static Rounding by(Quantizer quantizer, Scheme scheme) {
            return (w, rows, columns) -> {
                float[] rounded = quantizer.quantize(new WeightMatrix("scaled", rows, columns, w), Statistics.NONE, scheme).weights();
                System.arraycopy(rounded, 0, w, 0, rounded.length);
            };
        }
    }

    /**
     * A matrix.
     *
     * @param weight [rows, columns], only read
     * @param hessian of its inputs
     */
    public record Reader(float[] weight, Hessian hessian) {}

    public RoundingLoss {
        readers = List.copyOf(readers);
        for (Reader reader : readers) {
            if (columns < 1 || reader.weight.length % columns != 0 || reader.hessian.columns() != columns) {
                throw new IllegalArgumentException("a matrix of " + reader.weight.length + " weights and a hessian of "
                        + reader.hessian.columns() + " columns do not fit " + columns + " columns");
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
        float[] rounded = reader.weight.clone();
        Folding.multiplyColumns(rounded, scale);
        rounding.round(rounded, reader.weight.length / columns, columns);
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] /= scale[i % columns];
        }
        return OutputError.of(reader.weight, rounded, reader.hessian, algebra);
    }
}
