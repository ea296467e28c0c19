package org.mojave.compress.quantize;

import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.Extent;
import org.mojave.engine.kernel.LinearAlgebra;

/**
 * Moves a matrix to the least-squares fit of the original model's inputs, given those of the quantized layers before it:
 * {@code W' = W + W·D, D = C·(H + damping)⁻¹, C = Σ (x_original − x)·xᵀ, H = Σ x·xᵀ}, which minimises
 * {@code Σ |W'·x − W·x_original|²} (asymmetric calibration, as in GPTAQ, Li et al. 2025). Costs no bytes.
 *
 * @param columns order
 * @param transposed Dᵀ [columns, columns], row-major
 */
public record ActivationMatch(int columns, float[] transposed) {
    /** From C [columns, columns] and the factor of H, which must not be one that {@linkplain HessianFactor#rounds() rounds}. */
    public static ActivationMatch of(float[] cross, HessianFactor factor, LinearAlgebra algebra) {
        int n = factor.columns();
        int[] order = factor.order();
        float[] upper = factor.upper();
        float[] ordered = new float[n * n];
        for (int i = 0; i < n; i++) {
            for (int p = 0; p < n; p++) {
                ordered[i * n + p] = cross[i * n + order[p]];
            }
        }
        // H⁻¹ = Uᵀ·U: first C·Uᵀ, then that times U, whose transpose the product wants.
        Extent extent = new Extent(n, n, n);
        float[] half = new float[n * n];
        algebra.multiplyTransposed(new Block(ordered, 0, n), new Block(upper, 0, n), new Block(half, 0, n), extent);
        float[] lower = new float[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                lower[j * n + i] = upper[i * n + j];
            }
        }
        algebra.multiplyTransposed(new Block(half, 0, n), new Block(lower, 0, n), new Block(ordered, 0, n), extent);
        for (int i = 0; i < n; i++) {
            for (int p = 0; p < n; p++) {
                half[order[p] * n + i] = ordered[i * n + p];
            }
        }
        return new ActivationMatch(n, half);
    }

    /** Bytes that {@link #of} takes at its height, its result included. */
    public static long preparationBytes(int columns) {
        return 3L * Float.BYTES * columns * columns;
    }

    /** W' of W. */
    public WeightMatrix apply(WeightMatrix weights, LinearAlgebra algebra) {
        float[] moved = new float[weights.values().length];
        algebra.multiplyTransposed(new Block(weights.values(), 0, columns), new Block(transposed, 0, columns),
                new Block(moved, 0, columns), new Extent(weights.rows(), columns, columns));
        for (int i = 0; i < moved.length; i++) {
            moved[i] += weights.values()[i];
        }
        return new WeightMatrix(weights.name(), weights.rows(), columns, moved);
    }
}
