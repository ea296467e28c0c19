package org.mojave.compress.quantize;

import java.util.Arrays;
import org.mojave.engine.kernel.Powers;
import org.mojave.format.packed.Scheme;

/**
 * Scales, zeros and codes of many rows at once. Weights lie transposed, {@code [columns][lanes]}, a lane being a row, so
 * that every loop runs over neighbouring elements and the compiler makes vectors of it. Formulas: min/max scales, the
 * symmetric definition and the clip search of IST-DASLab/gptq, quant.py.
 *
 * @param scheme bits and symmetry
 * @param clip whether to search for the range that minimises {@code Σ |ŵ − w|^2.4} instead of taking the largest weights
 * @param fidelity precision of scales
 */
record Rounding(Scheme scheme, boolean clip, Fidelity fidelity) {
    private static final int CLIP_GRID = 100;
    private static final int CLIP_STEPS = 80;
    private static final float CLIP_EXPONENT = 2.4f;
    /** Adding and subtracting it rounds a small float32 half to even, like Math.rint, but in vectors. */
    private static final float ROUND = 0x1.8p23f;
    private static final float SMALLEST_HALF = 0x1p-24f;
    private static final float LARGEST_HALF = 65504;

    /** Transposed weights; lane l of column c is {@code values[c·lanes + l]}. */
    record Columns(float[] values, int lanes) {}

    /** Scale and zero of each lane for one group. */
    record Grid(float[] scales, float[] zeros) {
        Grid(int lanes) {
            this(new float[lanes], new float[lanes]);
        }
    }

    /** Chooses scale and zero of each lane for the columns {@code members[from … to−1]}. */
    Grid grid(Columns weights, int[] members, int from, int to) {
        int lanes = weights.lanes();
        float[] low = new float[lanes];
        float[] high = new float[lanes];
        for (int m = from; m < to; m++) {
            extend(weights.values(), members[m] * lanes, low, high);
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
        if (clip) {
            search(weights, new Members(members, from, to), low, high, best);
        }
        return best;
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

    private record Members(int[] columns, int from, int to) {}

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
            for (int l = 0; l < lanes; l++) {
                if (error[l] < least[l]) {
                    least[l] = error[l];
                    best.scales()[l] = trial.scales()[l];
                    best.zeros()[l] = trial.zeros()[l];
                }
            }
        }
    }

    /**
     * Rounds one column: {@code steps[l] = code − zero}, the whole number of scales that is nearest to the weight, half to
     * even, within the range of codes. Clamping first gives the same as clamping after, and keeps the number small.
     */
    void steps(float[] values, int at, Grid grid, float[] steps) {
        float largest = scheme.largestCode();
        float[] scales = grid.scales();
        float[] zeros = grid.zeros();
        for (int l = 0; l < steps.length; l++) {
            float step = Math.max(-zeros[l], Math.min(largest - zeros[l], values[at + l] / scales[l]));
            steps[l] = (step + ROUND) - ROUND;
        }
    }

    /** Throws if a scale is beyond float16. */
    void check(Grid grid, String name) {
        for (float scale : grid.scales()) {
            if (fidelity == Fidelity.NATIVE && !(scale <= LARGEST_HALF)) {
                throw new IllegalArgumentException(name + ": weights too large for float16 scales at " + scheme.bits() + " bits");
            }
        }
    }
}
