package org.mojave.compress.quantize;

import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.Extent;
import org.mojave.engine.kernel.LinearAlgebra;

/**
 * Adjusts scales and codes in turn after {@link Gptq} has chosen them, each step to the least {@code tr(E·H·Eᵀ)}, E the difference of
 * the weights: a scale by the closed form for its group, a code by coordinate descent (as QuantEase, Behdin et al. 2023, does for codes). The loss never
 * rises. Weights lie transposed in natural order, [columns][lanes].
 */
final class Refinement {
    private static final int STRIP_COLUMNS = 32;

    private final Rounding rounding;
    private final LinearAlgebra algebra;
    private final float[] hessian;
    private final int columns;
    private final int lanes;
    private final int groupColumns;
    private final Rounding.Grid[] grids;
    private final float[] steps;
    /** E = W − Ŵ and R = H·E, both [columns][lanes]. */
    private final float[] error;
    private final float[] residual;
    private final float[] delta;

    /**
     * Takes over a slice.
     *
     * @param hessian [columns, columns] symmetric, damped
     * @param weights what is approximated; becomes this object's own
     * @param grids by group; scales are changed in place
     * @param steps code minus zero; changed in place
     */
    Refinement(Rounding rounding, LinearAlgebra algebra, float[] hessian, Rounding.Columns weights, Rounding.Grid[] grids, float[] steps) {
        this.rounding = rounding;
        this.algebra = algebra;
        this.hessian = hessian;
        this.grids = grids;
        this.steps = steps;
        lanes = weights.lanes();
        columns = weights.values().length / lanes;
        groupColumns = rounding.scheme().groupColumns(columns);
        error = weights.values();
        residual = new float[error.length];
        delta = new float[Math.max(STRIP_COLUMNS, groupColumns) * lanes];
        for (int c = 0; c < columns; c++) {
            float[] scales = grids[c / groupColumns].scales();
            for (int l = 0; l < lanes; l++) {
                error[c * lanes + l] -= scales[l] * steps[c * lanes + l];
            }
        }
        algebra.addTransposed(1, new Block(hessian, 0, columns), new Block(error, 0, lanes), new Block(residual, 0, lanes),
                new Extent(columns, lanes, columns));
    }

    /** Runs that many times over all scales and codes; returns half the loss that is left. */
    double run(int sweeps) {
        for (int sweep = 0; sweep < sweeps; sweep++) {
            for (int group = 0; group < grids.length; group++) {
                fitScales(group);
            }
            for (int strip = 0; strip < columns; strip += STRIP_COLUMNS) {
                roundStrip(strip, Math.min(columns, strip + STRIP_COLUMNS));
            }
        }
        return loss();
    }

    /** Fits all scales to the codes as they are; returns half the loss that is left. */
    double fitAllScales() {
        for (int group = 0; group < grids.length; group++) {
            fitScales(group);
        }
        return loss();
    }

    private double loss() {
        double loss = 0;
        for (int i = 0; i < error.length; i++) {
            loss += (double) error[i] * residual[i];
        }
        return loss / 2;
    }

    /** {@code s += stepᵀ·R / stepᵀ·H·step} over the group, to what storage holds, where that lowers the loss. */
    private void fitScales(int group) {
        int first = group * groupColumns;
        int count = Math.min(groupColumns, columns - first);
        float[] product = new float[count * lanes];
        algebra.addTransposed(1, new Block(hessian, first * columns + first, columns), new Block(steps, first * lanes, lanes),
                new Block(product, 0, lanes), new Extent(count, lanes, count));
        float[] slope = new float[lanes];
        float[] curvature = new float[lanes];
        for (int c = 0; c < count; c++) {
            int at = (first + c) * lanes;
            for (int l = 0; l < lanes; l++) {
                slope[l] += steps[at + l] * residual[at + l];
                curvature[l] += steps[at + l] * product[c * lanes + l];
            }
        }
        float[] scales = grids[group].scales();
        for (int l = 0; l < lanes; l++) {
            float wanted = curvature[l] > 0 ? scales[l] + slope[l] / curvature[l] : scales[l];
            float change = rounding.storable(wanted, grids[group], l) - scales[l];
            boolean better = change * (change * curvature[l] - 2 * slope[l]) < 0;
            slope[l] = better ? change : 0;
            scales[l] += slope[l];
        }
        for (int c = 0; c < count; c++) {
            int at = (first + c) * lanes;
            for (int l = 0; l < lanes; l++) {
                delta[c * lanes + l] = slope[l] * steps[at + l];
                error[at + l] -= delta[c * lanes + l];
            }
        }
        subtract(first, count, 0, columns);
    }

    /** Moves each code of the columns to the best one, given all others. */
    private void roundStrip(int start, int end) {
        float[] wanted = new float[lanes];
        float[] found = new float[lanes];
        for (int c = start; c < end; c++) {
            Rounding.Grid grid = grids[c / groupColumns];
            float[] scales = grid.scales();
            float inverse = 1 / hessian[c * columns + c];
            int at = c * lanes;
            for (int l = 0; l < lanes; l++) {
                wanted[l] = scales[l] * steps[at + l] + residual[at + l] * inverse;
            }
            rounding.steps(wanted, 0, grid, found);
            int row = (c - start) * lanes;
            for (int l = 0; l < lanes; l++) {
                float change = scales[l] * (found[l] - steps[at + l]);
                steps[at + l] = found[l];
                error[at + l] -= change;
                delta[row + l] = change;
            }
            for (int k = start; k < end; k++) {
                float weight = hessian[c * columns + k];
                for (int l = 0; l < lanes; l++) {
                    residual[k * lanes + l] -= weight * delta[row + l];
                }
            }
        }
        subtract(start, end - start, 0, start);
        subtract(start, end - start, end, columns - end);
    }

    /** R −= H · delta for the rows from {@code target} on, where delta belongs to {@code count} columns from {@code first} on. */
    private void subtract(int first, int count, int target, int rows) {
        if (rows > 0) {
            algebra.addTransposed(-1, new Block(hessian, first * columns + target, columns), new Block(delta, 0, lanes),
                    new Block(residual, target * lanes, lanes), new Extent(rows, lanes, count));
        }
    }

    /** Bytes that a refinement of that many rows and columns takes. */
    static long bytes(int rows, int columns) {
        return Float.BYTES * (5L * rows * columns + (long) columns * columns);
    }
}
