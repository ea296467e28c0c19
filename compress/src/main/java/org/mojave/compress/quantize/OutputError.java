package org.mojave.compress.quantize;

import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.Extent;
import org.mojave.engine.kernel.LinearAlgebra;

/** Measures what quantization does to the outputs of a matrix. */
public final class OutputError {
    private static final int ROWS = 256;

    private OutputError() {}

    /**
     * {@code tr(Δ·H·Δᵀ)} with Δ the difference of the weights: the squared output error summed over rows and calibration
     * tokens, in the normalisation of H.
     *
     * @param original [rows, H.columns]
     * @param quantized [rows, H.columns]
     */
    public static double of(float[] original, float[] quantized, Hessian hessian, LinearAlgebra algebra) {
        int columns = hessian.columns();
        if (original.length != quantized.length || original.length % columns != 0) {
            throw new IllegalArgumentException("weights of " + original.length + " and " + quantized.length + " elements for "
                    + columns + " columns");
        }
        int rows = original.length / columns;
        float[] difference = new float[Math.min(ROWS, rows) * columns];
        float[] product = new float[difference.length];
        double sum = 0;
        for (int first = 0; first < rows; first += ROWS) {
            int count = Math.min(ROWS, rows - first);
            for (int i = 0; i < count * columns; i++) {
                difference[i] = original[first * columns + i] - quantized[first * columns + i];
            }
            // H is symmetric, so multiplying by its transpose is multiplying by it.
            algebra.multiplyTransposed(new Block(difference, 0, columns), new Block(hessian.values(), 0, columns),
                    new Block(product, 0, columns), new Extent(count, columns, columns));
            for (int i = 0; i < count * columns; i++) {
                sum += (double) difference[i] * product[i];
            }
        }
        return sum;
    }
}
