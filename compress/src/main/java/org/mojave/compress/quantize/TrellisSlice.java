package org.mojave.compress.quantize;

import org.mojave.engine.kernel.TrellisSearch;
import org.mojave.format.packed.Scheme;
import org.mojave.format.packed.Trellis;

/**
 * Quantizes a slice of rows to a {@link Trellis} scheme: scales from the spread of each group, a {@link TrellisSearch} for every row,
 * scales fitted to the codes, and, if there are sweeps, once more.
 */
final class TrellisSlice {
    /** The first round, which is there for the scales only, keeps this part of the paths. */
    private static final int FIRST_SHARE = 8;

    private final Gptq gptq;
    private final HessianFactor factor;
    private final Scheme scheme;
    private final Rounding rounding;
    private final int columns;
    private final int groupColumns;

    TrellisSlice(Gptq gptq, HessianFactor factor, Scheme scheme) {
        this.gptq = gptq;
        this.factor = factor;
        this.scheme = scheme;
        rounding = new Rounding(scheme, gptq.settings().clip(), gptq.settings().fidelity());
        columns = factor.columns();
        groupColumns = scheme.groupColumns(columns);
    }

    /** Codes and scales of the rows from {@code firstRow} on go to {@code target}; returns the loss. */
    double run(WeightMatrix weights, CodeTarget target, int firstRow, int lanes) {
        Rounding.Columns transposed = Slices.transposed(weights, Slices.natural(columns), firstRow, lanes);
        Rounding.Grid[] grids = grids(transposed);
        byte[] codes = new byte[columns * lanes];
        float[] values = new float[columns * lanes];
        double least = Double.POSITIVE_INFINITY;
        int rounds = gptq.settings().sweeps() == 0 ? 1 : 2;
        for (int round = 1; round <= rounds; round++) {
            int paths = round == rounds ? gptq.settings().paths() : Math.ceilDiv(gptq.settings().paths(), FIRST_SHARE);
            TrellisSearch search = TrellisSearch.of(gptq.kernels(), factor.upper(), new TrellisSearch.Shape(columns, scheme.bits(), paths));
            for (int lane = 0; lane < lanes; lane++) {
                search(search, weights, firstRow + lane, new Lane(lane, lanes, grids), codes, values);
            }
            double loss = new Refinement(rounding, gptq.algebra(), factor.damped(),
                    new Rounding.Columns(transposed.values().clone(), lanes), grids, values).fitAllScales();
            if (loss < least) {
                least = loss;
                store(target, firstRow, lanes, codes, grids);
            }
        }
        return least;
    }

    private Rounding.Grid[] grids(Rounding.Columns weights) {
        int lanes = weights.lanes();
        Rounding.Grid[] grids = new Rounding.Grid[scheme.groups(columns)];
        for (int group = 0; group < grids.length; group++) {
            grids[group] = new Rounding.Grid(lanes);
            int first = group * groupColumns;
            int end = Math.min(columns, first + groupColumns);
            for (int l = 0; l < lanes; l++) {
                double squares = 0;
                for (int c = first; c < end; c++) {
                    squares += (double) weights.values()[c * lanes + l] * weights.values()[c * lanes + l];
                }
                float scale = (float) (Math.sqrt(squares / (end - first)) / Trellis.DEVIATION);
                grids[group].scales()[l] = Math.max(Rounding.SMALLEST_HALF, Float.float16ToFloat(Float.floatToFloat16(scale)));
            }
            rounding.check(grids[group], "a row");
        }
        rounding.unifyNearest(grids);
        return grids;
    }

    /** A row of the slice. */
    private record Lane(int lane, int lanes, Rounding.Grid[] grids) {}

    private void search(TrellisSearch search, WeightMatrix weights, int row, Lane at, byte[] codes, float[] values) {
        float[] wanted = new float[columns];
        float[] scales = new float[columns];
        byte[] found = new byte[columns];
        System.arraycopy(weights.values(), row * columns, wanted, 0, columns);
        for (int c = 0; c < columns; c++) {
            scales[c] = at.grids()[c / groupColumns].scales()[at.lane()];
        }
        search.run(wanted, scales, found);
        int state = 0;
        for (int c = 0; c < columns; c++) {
            state = Trellis.next(state, found[c], scheme.bits());
            codes[c * at.lanes() + at.lane()] = found[c];
            values[c * at.lanes() + at.lane()] = Trellis.value(state, scheme.bits());
        }
    }

    private void store(CodeTarget target, int firstRow, int lanes, byte[] codes, Rounding.Grid[] grids) {
        for (int group = 0; group < grids.length; group++) {
            target.putGrid(firstRow, group, grids[group]);
        }
        target.putCodes(codes);
        target.finish(firstRow, lanes);
    }
}
