package org.mojave.compress.quantize;

import java.util.List;
import org.mojave.format.packed.Scheme;

/**
 * Rounds every weight to the nearest code (half to even) of its group's scale, the baseline of all methods.
 *
 * @param clip how ranges are chosen
 * @param fidelity see there
 */
public record Rtn(Clip clip, Fidelity fidelity) implements Quantizer {
    /** Without a clip search, with the scales that the native storage holds. */
    public Rtn() {
        this(Clip.NONE, Fidelity.NATIVE);
    }

    @Override
    public Requirement requires() {
        return Requirement.NOTHING;
    }

    @Override
    public QuantizedMatrix quantize(WeightMatrix weights, Statistics statistics, Scheme scheme) {
        return round(weights, scheme, List.of());
    }

    QuantizedMatrix round(WeightMatrix weights, Scheme scheme, List<QuantizationEvent> events) {
        weights.checkFinite();
        Rounding rounding = new Rounding(scheme, clip, fidelity);
        CodeTarget target = new CodeTarget(scheme, weights.rows(), weights.columns());
        int[] order = Slices.natural(weights.columns());
        double[] loss = new double[1];
        Slices.forEach(weights.rows(), (firstRow, rows) -> {
            Rounding.Columns columns = Slices.transposed(weights, order, firstRow, rows);
            float[] steps = new float[rows];
            int size = scheme.groupColumns(weights.columns());
            for (int group = 0; group < scheme.groups(weights.columns()); group++) {
                int end = Math.min(weights.columns(), (group + 1) * size);
                Rounding.Grid grid = rounding.grid(columns, new Rounding.Members(order, group * size, end, new float[0]));
                rounding.check(grid, weights.name());
                target.putGrid(firstRow, group, grid);
                for (int c = group * size; c < end; c++) {
                    rounding.steps(columns.values(), c * rows, grid, steps);
                    target.putColumn(c, grid, steps);
                    loss[0] += error(columns.values(), c * rows, grid, steps);
                }
            }
            target.finish(firstRow, rows);
        });
        return new QuantizedMatrix(target.matrix(), new int[0], loss[0], events);
    }

    private static double error(float[] values, int at, Rounding.Grid grid, float[] steps) {
        double sum = 0;
        for (int l = 0; l < steps.length; l++) {
            double difference = values[at + l] - grid.scales()[l] * steps[l];
            sum += difference * difference;
        }
        return sum;
    }
}
