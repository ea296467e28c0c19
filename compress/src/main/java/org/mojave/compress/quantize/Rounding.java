package org.mojave.compress.quantize;

import java.util.Arrays;
import java.util.List;
import org.mojave.engine.kernel.Powers;
import org.mojave.format.packed.Scheme;

/**
 * Scales, zeros and codes of many rows at once. Weights lie transposed, {@code [columns][lanes]}, a lane being a row, so
 * that every loop runs over neighbouring elements and the compiler makes vectors of it. Formulas: min/max scales, the
 * symmetric definition and the clip search of IST-DASLab/gptq, quant.py.
 *
 * @param scheme bits and symmetry
 * @param clip how ranges are chosen
 * @param fidelity precision of scales
 */
record Rounding(Scheme scheme, Clip clip, Fidelity fidelity) {
    private static final int CLIP_GRID = 100;
    private static final int CLIP_STEPS = 80;
    private static final float CLIP_EXPONENT = 2.4f;
    /** Ranges tried by {@link Clip#ACTIVITY}, from the largest down in equal steps. */
    private static final int ACTIVITY_STEPS = 32;
    private static final float ACTIVITY_STEP = 0.02f;
    /** Adding and subtracting it rounds a small float32 half to even, like Math.rint, but in vectors. */
    private static final float ROUND = 0x1.8p23f;
    static final float SMALLEST_HALF = 0x1p-24f;
    private static final float LARGEST_HALF = 65504;
    /** Leaves room for scales that grow when they are fitted. */
    private static final float UNIT_SHARE = 1.1f;

    /** Transposed weights; lane l of column c is {@code values[c·lanes + l]}. */
    record Columns(float[] values, int lanes) {}

    /** Scale and zero of each lane for one group, and what its scales are multiples of (0: they are free). */
    record Grid(float[] scales, float[] zeros, float[] units) {
        Grid(int lanes) {
            this(new float[lanes], new float[lanes], new float[lanes]);
        }
    }

    /**
     * With six-bit scales, gives each lane one unit for all its groups, from the largest of its scales with some room above, and
     * makes every scale the multiple of it that does least harm to the columns of its group.
     */
    void unify(Columns weights, List<Members> groups, Grid[] grids) {
        if (!scheme.sixBitScales()) {
            return;
        }
        chooseUnits(grids);
        for (int group = 0; group < grids.length; group++) {
            chooseMultiples(weights, groups.get(group), grids[group]);
        }
    }

    /** As {@link #unify}, taking the nearest multiples. */
    void unifyNearest(Grid[] grids) {
        if (!scheme.sixBitScales()) {
            return;
        }
        chooseUnits(grids);
        for (Grid grid : grids) {
            for (int l = 0; l < grid.scales().length; l++) {
                grid.scales()[l] = multiple(grid.scales()[l], grid.units()[l]);
            }
        }
    }

    private void chooseUnits(Grid[] grids) {
        for (int l = 0; l < grids[0].scales().length; l++) {
            float largest = 0;
            for (Grid grid : grids) {
                largest = Math.max(largest, Math.abs(grid.scales()[l]));
            }
            float unit = Math.max(SMALLEST_HALF, Float.float16ToFloat(Float.floatToFloat16(largest * UNIT_SHARE / scheme.largestMultiple())));
            for (Grid grid : grids) {
                grid.units()[l] = unit;
            }
        }
    }

    private void chooseMultiples(Columns weights, Members members, Grid grid) {
        int lanes = weights.lanes();
        float[] wanted = grid.scales().clone();
        Grid trial = new Grid(lanes);
        System.arraycopy(grid.zeros(), 0, trial.zeros(), 0, lanes);
        float[] least = new float[lanes];
        Arrays.fill(least, Float.POSITIVE_INFINITY);
        for (int added = -1; added <= 2; added++) {
            for (int l = 0; l < lanes; l++) {
                float size = Math.max(0, Math.abs(wanted[l]) + added * grid.units()[l]);
                trial.scales()[l] = multiple(Math.copySign(size, wanted[l]), grid.units()[l]);
            }
            keepBetter(trial, errors(weights, members, trial), least, grid);
        }
    }

    /** The nearest multiple of {@code unit} that storage holds, other than 0, with the same sign. */
    private float multiple(float scale, float unit) {
        float multiple = Math.clamp(Math.round(Math.abs(scale) / unit), 1, scheme.largestMultiple());
        return Math.copySign(multiple * unit, scale);
    }

    /**
     * The columns that share a grid: {@code columns[from … to−1]}.
     *
     * @param importance weight of each column's error, by column; empty for all the same
     */
    record Members(int[] columns, int from, int to, float[] importance) {
        float importance(int member) {
            return importance.length == 0 ? 1 : importance[columns[member]];
        }
    }

    /** Chooses scale and zero of each lane for the columns of a group. */
    Grid grid(Columns weights, Members members) {
        if (scheme.binary()) {
            return binaryGrid(weights, members);
        }
        int lanes = weights.lanes();
        float[] low = new float[lanes];
        float[] high = new float[lanes];
        for (int m = members.from(); m < members.to(); m++) {
            extend(weights.values(), members.columns()[m] * lanes, low, high);
        }
        for (int l = 0; l < lanes; l++) {
            if (scheme.symmetric()) {
                high[l] = Math.max(-low[l], high[l]);
                low[l] = low[l] < 0 || fidelity == Fidelity.NATIVE ? -high[l] : low[l];
            }
            if (low[l] == 0 && high[l] == 0) {
                low[l] = -1;
                high[l] = 1;
            }
        }
        Grid best = new Grid(lanes);
        set(best, low, high, 1);
        switch (clip) {
            case NONE -> { }
            case WEIGHTS -> search(weights, members, low, high, best);
            case ACTIVITY -> searchByActivity(weights, members, new Range(low, high), best);
        }
        return best;
    }

    /**
     * The mean magnitude of each lane: {@code s = ‖W‖₁ / d}, Mixture Compressor (arXiv 2410.06270), section 3.2. It is 0 where all weights
     * are, for binary codes have no other zero.
     */
    private Grid binaryGrid(Columns weights, Members members) {
        Grid grid = new Grid(weights.lanes());
        for (int l = 0; l < weights.lanes(); l++) {
            double sum = 0;
            for (int m = members.from(); m < members.to(); m++) {
                sum += Math.abs(weights.values()[members.columns()[m] * weights.lanes() + l]);
            }
            float scale = (float) (sum / (members.to() - members.from()));
            grid.scales()[l] = fidelity == Fidelity.NATIVE ? Float.float16ToFloat(Float.floatToFloat16(scale)) : scale;
            grid.zeros()[l] = scheme.symmetricZero();
        }
        return grid;
    }

    private static void extend(float[] values, int at, float[] low, float[] high) {
        for (int l = 0; l < low.length; l++) {
            low[l] = Math.min(low[l], values[at + l]);
            high[l] = Math.max(high[l], values[at + l]);
        }
    }

    private void set(Grid grid, float[] low, float[] high, float share) {
        float largest = scheme.largestCode();
        for (int l = 0; l < low.length; l++) {
            float scale = (share * high[l] - share * low[l]) / largest;
            if (fidelity == Fidelity.NATIVE) {
                scale = Math.max(SMALLEST_HALF, Float.float16ToFloat(Float.floatToFloat16(scale)));
            }
            grid.scales()[l] = scale;
            grid.zeros()[l] = scheme.symmetric()
                    ? scheme.symmetricZero()
                    : Math.clamp((float) Math.rint(-share * low[l] / scale), 0, largest);
        }
    }

    private record Range(float[] low, float[] high) {}

    private void searchByActivity(Columns weights, Members members, Range range, Grid best) {
        int lanes = weights.lanes();
        Grid trial = new Grid(lanes);
        float[] least = new float[lanes];
        Arrays.fill(least, Float.POSITIVE_INFINITY);
        int signs = scheme.symmetric() && fidelity == Fidelity.NATIVE ? 2 : 1;
        for (int step = 0; step < signs * ACTIVITY_STEPS; step++) {
            int narrower = step / signs;
            set(trial, range.low(), range.high(), (signs == 2 ? largerShare() : 1) * (1 - narrower * ACTIVITY_STEP));
            for (int l = 0; l < lanes && step % 2 == 1 && signs == 2; l++) {
                trial.scales()[l] = -trial.scales()[l];
            }
            keepBetter(trial, errors(weights, members, trial), least, best);
        }
    }

    /** Squared error of each lane on that grid, weighted by importance. */
    private float[] errors(Columns weights, Members members, Grid grid) {
        int lanes = weights.lanes();
        float[] error = new float[lanes];
        float[] steps = new float[lanes];
        for (int m = members.from(); m < members.to(); m++) {
            int at = members.columns()[m] * lanes;
            float importance = members.importance(m);
            steps(weights.values(), at, grid, steps);
            for (int l = 0; l < lanes; l++) {
                float difference = weights.values()[at + l] - grid.scales()[l] * steps[l];
                error[l] += importance * difference * difference;
            }
        }
        return error;
    }

    /** With a sign for each scale the largest weight falls on the code farthest from the zero, not between the two ends. */
    private float largerShare() {
        return (scheme.largestCode() + 0.5f) / (scheme.largestCode() + 1);
    }

    private static void keepBetter(Grid trial, float[] error, float[] least, Grid best) {
        for (int l = 0; l < least.length; l++) {
            if (error[l] < least[l]) {
                least[l] = error[l];
                best.scales()[l] = trial.scales()[l];
                best.zeros()[l] = trial.zeros()[l];
            }
        }
    }

    private void search(Columns weights, Members members, float[] low, float[] high, Grid best) {
        int lanes = weights.lanes();
        Grid trial = new Grid(lanes);
        float[] least = new float[lanes];
        Arrays.fill(least, Float.POSITIVE_INFINITY);
        float[] error = new float[lanes];
        float[] restored = new float[lanes];
        for (int step = 0; step < CLIP_STEPS; step++) {
            set(trial, low, high, 1 - (float) step / CLIP_GRID);
            Arrays.fill(error, 0);
            for (int m = members.from(); m < members.to(); m++) {
                int at = members.columns()[m] * lanes;
                steps(weights.values(), at, trial, restored);
                for (int l = 0; l < lanes; l++) {
                    restored[l] *= trial.scales()[l];
                }
                Powers.addDistances(weights.values(), at, restored, CLIP_EXPONENT, error);
            }
            keepBetter(trial, error, least, best);
        }
    }

    /** The nearest scale to {@code wanted} that storage holds and that keeps the sign of lane l's. */
    float storable(float wanted, Grid grid, int l) {
        float old = grid.scales()[l];
        if (fidelity != Fidelity.NATIVE || !(wanted * old > 0) || Math.abs(wanted) > LARGEST_HALF) {
            return old;
        }
        if (scheme.sixBitScales()) {
            return multiple(wanted, grid.units()[l]);
        }
        float half = Float.float16ToFloat(Float.floatToFloat16(wanted));
        return half == 0 ? old : half;
    }

    /**
     * Rounds one column: {@code steps[l] = step · code − zero}, the whole number of scales that is nearest to the weight, half to
     * even, within the range of codes. Clamping first gives the same as clamping after, and keeps the number small.
     */
    void steps(float[] values, int at, Grid grid, float[] steps) {
        if (scheme.binary()) {
            for (int l = 0; l < steps.length; l++) {
                steps[l] = values[at + l] >= 0 ? 1 : -1;
            }
            return;
        }
        float largest = scheme.largestCode();
        float[] scales = grid.scales();
        float[] zeros = grid.zeros();
        for (int l = 0; l < steps.length; l++) {
            float step = Math.max(-zeros[l], Math.min(largest - zeros[l], values[at + l] / scales[l]));
            steps[l] = (step + ROUND) - ROUND;
        }
    }

    /** For people. */
    static String width(Scheme scheme) {
        return scheme.bits() == 1 ? "1 bit" : scheme.bits() + " bits";
    }

    /** Throws if a scale is beyond float16. */
    void check(Grid grid, String name) {
        for (float scale : grid.scales()) {
            if (fidelity == Fidelity.NATIVE && !(Math.abs(scale) <= LARGEST_HALF)) {
                throw new IllegalArgumentException(name + ": weights too large for float16 scales at " + width(scheme));
            }
        }
    }
}
