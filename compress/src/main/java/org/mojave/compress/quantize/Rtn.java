package org.mojave.compress.quantize;

import java.util.ArrayList;
import java.util.List;
import org.mojave.format.packed.Scheme;

/**
 * Rounds every weight to the nearest code (half to even) of its group's scale, the baseline of all methods. Needs nothing; given a {@link
 * Hessian}, {@link Clip#ACTIVITY} weighs errors by the second moments of their inputs.
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
        return round(weights, scheme, switch (statistics) {
            case Hessian hessian -> importance(hessian, weights);
            case HessianFactor _, Statistics.None _ -> new float[0];
        }, List.of());
    }

    /** Second moment of each input; none where no token came. */
    private static float[] importance(Hessian hessian, WeightMatrix weights) {
        if (hessian.columns() != weights.columns()) {
            throw new IllegalArgumentException(weights.name() + ": the Hessian has " + hessian.columns() + " columns, the matrix "
                    + weights.columns());
        }
        float[] diagonal = new float[hessian.tokens() == 0 ? 0 : hessian.columns()];
        for (int c = 0; c < diagonal.length; c++) {
            diagonal[c] = hessian.diagonal(c);
            if (!(diagonal[c] >= 0 && diagonal[c] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(weights.name() + ": the second moment of input " + c + " is " + diagonal[c]
                        + "; the activations before it are not finite");
            }
        }
        return diagonal;
    }

    QuantizedMatrix round(WeightMatrix weights, Scheme scheme, List<QuantizationEvent> events) {
        return round(weights, scheme, new float[0], events);
    }

    private QuantizedMatrix round(WeightMatrix weights, Scheme scheme, float[] importance, List<QuantizationEvent> events) {
        if (scheme.trellis()) {
            throw new IllegalArgumentException(weights.name() + ": scheme " + scheme.id() + " has no nearest code to round to");
        }
        weights.checkFinite();
        Rounding rounding = new Rounding(scheme, clip, fidelity);
        CodeTarget target = new CodeTarget(scheme, weights.rows(), weights.columns());
        int[] order = Slices.natural(weights.columns());
        double[] loss = new double[1];
        Slices.forEach(weights.rows(), (firstRow, rows) -> {
            Rounding.Columns columns = Slices.transposed(weights, order, firstRow, rows);
            float[] steps = new float[rows];
            int size = scheme.groupColumns(weights.columns());
            Rounding.Grid[] grids = new Rounding.Grid[scheme.groups(weights.columns())];
            List<Rounding.Members> groups = new ArrayList<>();
            for (int group = 0; group < grids.length; group++) {
                int end = Math.min(weights.columns(), (group + 1) * size);
                groups.add(new Rounding.Members(order, group * size, end, importance));
                grids[group] = rounding.grid(columns, groups.getLast());
                rounding.check(grids[group], weights.name());
            }
            rounding.unify(columns, groups, grids);
            for (int group = 0; group < grids.length; group++) {
                target.putGrid(firstRow, group, grids[group]);
            }
            for (int c = 0; c < weights.columns(); c++) {
                Rounding.Grid grid = grids[c / size];
                rounding.steps(columns.values(), c * rows, grid, steps);
                target.putColumn(c, grid, steps);
                loss[0] += error(columns.values(), c * rows, grid, steps);
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
