package org.mojave.compress.quantize;

import java.util.Arrays;
import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.Extent;
import org.mojave.format.packed.Scheme;

/**
 * The column loop of {@link Gptq} on one slice of rows. Weights lie transposed and in the order of processing, so that
 * spreading an error within a panel is a run over neighbouring lanes, and spreading it to later panels one matrix product.
 */
final class GptqSlice {
    /** Columns between which errors are spread one by one; with the lanes of a slice they fit the first-level cache. */
    private static final int STRIP_COLUMNS = 32;

    private final Gptq gptq;
    private final String name;
    private final HessianFactor factor;
    private final Scheme scheme;
    private final Rounding rounding;
    private final float[] weights;
    private final int lanes;
    private final int columns;
    private final int groupColumns;
    /** Grids chosen before the loop, by natural group; empty if they are chosen on the way. */
    private final Rounding.Grid[] grids;
    private final int[] natural;
    private final float[] activity;
    /** The grid of the group that dynamic groups are in. */
    private Rounding.Grid current;

    GptqSlice(Gptq gptq, String name, HessianFactor factor, Scheme scheme, Rounding.Columns transposed) {
        this.gptq = gptq;
        this.name = name;
        this.factor = factor;
        this.scheme = scheme;
        GptqSettings settings = gptq.settings();
        rounding = new Rounding(scheme, settings.clip(), settings.fidelity());
        weights = transposed.values();
        lanes = transposed.lanes();
        columns = factor.columns();
        groupColumns = scheme.groupColumns(columns);
        natural = Slices.natural(columns);
        activity = settings.clip() == Clip.ACTIVITY ? factor.activity() : new float[0];
        grids = chooseGrids(settings);
    }

    private Rounding.Grid[] chooseGrids(GptqSettings settings) {
        // The official code takes the scales of a whole row before it clears dead columns, those of groups afterwards.
        Rounding.Grid[] wholeRow = scheme.groupSize() == Scheme.WHOLE_ROW ? staticGrids() : new Rounding.Grid[0];
        if (settings.fidelity() == Fidelity.REFERENCE) {
            clearDeadColumns();
        }
        boolean before = wholeRow.length == 0 && settings.groups() == GptqSettings.Groups.STATIC;
        return before ? staticGrids() : wholeRow;
    }

    private Rounding.Grid[] staticGrids() {
        int[] position = new int[columns];
        for (int p = 0; p < columns; p++) {
            position[factor.order()[p]] = p;
        }
        Rounding.Grid[] all = new Rounding.Grid[scheme.groups(columns)];
        for (int group = 0; group < all.length; group++) {
            all[group] = grid(position, group * groupColumns);
        }
        return all;
    }

    private Rounding.Grid grid(int[] members, int from) {
        Rounding.Grid grid = rounding.grid(new Rounding.Columns(weights, lanes),
                new Rounding.Members(members, from, Math.min(columns, from + groupColumns), activity));
        rounding.check(grid, name);
        return grid;
    }

    private void clearDeadColumns() {
        for (int p = 0; p < columns; p++) {
            if (factor.isDead(factor.order()[p])) {
                Arrays.fill(weights, p * lanes, (p + 1) * lanes, 0);
            }
        }
    }

    /** Rounds all columns into {@code target}, rows from {@code firstRow} on; returns the loss. */
    double run(CodeTarget target, int firstRow) {
        for (int group = 0; group < grids.length; group++) {
            target.putGrid(firstRow, group, grids[group]);
        }
        int width = Math.min(gptq.settings().panelColumns(), columns);
        float[] panel = new float[width * lanes];
        float[] errors = new float[width * lanes];
        double[] loss = new double[lanes];
        for (int start = 0; start < columns; start += width) {
            int count = Math.min(width, columns - start);
            System.arraycopy(weights, start * lanes, panel, 0, count * lanes);
            for (int strip = 0; strip < count; strip += STRIP_COLUMNS) {
                int end = Math.min(count, strip + STRIP_COLUMNS);
                for (int i = strip; i < end; i++) {
                    Rounding.Grid grid = gridAt(start + i, target, firstRow);
                    target.putColumn(factor.order()[start + i], grid, column(panel, i, start + i, grid, errors));
                    addSquares(errors, i * lanes, loss);
                    spread(panel, errors, i, start, end);
                }
                spreadFurther(new Block(errors, strip * lanes, lanes), start + strip, end - strip,
                        new Block(panel, end * lanes, lanes), count - end);
            }
            spreadFurther(new Block(errors, 0, lanes), start, count,
                    new Block(weights, (start + count) * lanes, lanes), columns - start - count);
        }
        target.finish(firstRow, lanes);
        double sum = 0;
        for (double lane : loss) {
            sum += lane / 2;
        }
        return sum;
    }

    /** As {@link #run}, then adjusts scales and codes {@code sweeps} times; {@code original} is spoilt. */
    double refine(CodeTarget target, int firstRow, Rounding.Columns original) {
        float[] steps = new float[columns * lanes];
        for (int c = 0; c < columns; c++) {
            target.readColumn(c, grids[c / groupColumns], steps, lanes);
        }
        double loss = new Refinement(rounding, gptq.algebra(), factor.damped(), original, grids, steps).run(gptq.settings().sweeps());
        float[] column = new float[lanes];
        for (int c = 0; c < columns; c++) {
            System.arraycopy(steps, c * lanes, column, 0, lanes);
            target.putColumn(c, grids[c / groupColumns], column);
        }
        for (int group = 0; group < grids.length; group++) {
            target.putGrid(firstRow, group, grids[group]);
        }
        target.finish(firstRow, lanes);
        return loss;
    }

    /** The grid of the column at that position; chosen now if its group starts there and groups are dynamic. */
    private Rounding.Grid gridAt(int position, CodeTarget target, int firstRow) {
        if (grids.length > 0) {
            return grids[factor.order()[position] / groupColumns];
        }
        if (position % groupColumns == 0) {
            // From weights that carry the errors of earlier panels, not of this one: so does the official code.
            current = grid(natural, position);
            target.putGrid(firstRow, position / groupColumns, current);
        }
        return current;
    }

    /** Rounds column i of the panel; its error over the diagonal goes to row i of {@code errors}. */
    private float[] column(float[] panel, int i, int position, Rounding.Grid grid, float[] errors) {
        float[] steps = new float[lanes];
        rounding.steps(panel, i * lanes, grid, steps);
        float diagonal = factor.upper()[position * columns + position];
        float[] scales = grid.scales();
        for (int l = 0; l < steps.length; l++) {
            errors[i * lanes + l] = (panel[i * lanes + l] - scales[l] * steps[l]) / diagonal;
        }
        return steps;
    }

    private static void addSquares(float[] errors, int at, double[] loss) {
        for (int l = 0; l < loss.length; l++) {
            loss[l] += (double) errors[at + l] * errors[at + l];
        }
    }

    /** panel[j] −= U[i][j] · error[i] for the columns j after i in the strip that ends at {@code end}. */
    private void spread(float[] panel, float[] errors, int i, int start, int end) {
        float[] upper = factor.upper();
        int row = (start + i) * columns + start;
        for (int j = i + 1; j < end; j++) {
            subtract(panel, j * lanes, errors, i * lanes, upper[row + j]);
        }
    }

    private void subtract(float[] target, int at, float[] source, int from, float factor) {
        for (int l = 0; l < lanes; l++) {
            target[at + l] -= factor * source[from + l];
        }
    }

    /**
     * target −= U[first … first+count, then the {@code rest} columns that follow]ᵀ · errors: carries the errors of
     * {@code count} columns to those that follow.
     */
    private void spreadFurther(Block errors, int first, int count, Block target, int rest) {
        if (rest > 0) {
            Block upper = new Block(factor.upper(), first * columns + first + count, columns);
            gptq.algebra().addTransposed(-1, upper, errors, target, new Extent(rest, lanes, count));
        }
    }
}
