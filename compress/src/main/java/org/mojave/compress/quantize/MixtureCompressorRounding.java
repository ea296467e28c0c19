package org.mojave.compress.quantize;

import org.mojave.format.packed.Scheme;

/**
 * The rounding with which Mixture Compressor measures how much an expert suffers at a width (the ε of its allocation): plain
 * rounding in blocks of 128 columns, and at one bit the sign times the mean magnitude.
 */
public final class MixtureCompressorRounding {
    /** Columns that share a scale. */
    static final int BLOCK = 128;

    private MixtureCompressorRounding() {}

    /** The weights [rows, columns] after rounding to that many bits, 1, 2, 3, 4 or 8. */
    public static float[] rounded(WeightMatrix weights, int bits) {
        weights.checkFinite();
        if (bits > 1) {
            return new Rtn(Clip.NONE, Fidelity.REFERENCE).quantize(weights, Statistics.NONE, new Scheme(bits, BLOCK, false)).weights();
        }
        float[] rounded = new float[weights.values().length];
        for (int row = 0; row < weights.rows(); row++) {
            for (int first = 0; first < weights.columns(); first += BLOCK) {
                int from = row * weights.columns() + first;
                int to = from + Math.min(BLOCK, weights.columns() - first);
                float mean = (float) meanMagnitude(weights.values(), from, to);
                for (int i = from; i < to; i++) {
                    rounded[i] = weights.values()[i] >= 0 ? mean : -mean;
                }
            }
        }
        return rounded;
    }

    static double meanMagnitude(float[] values, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += Math.abs(values[i]);
        }
        return sum / (to - from);
    }
}
