package org.mojave.compress.smooth;

import java.util.List;
import java.util.Optional;

/**
 * The scale per input channel that each reader of one norm would like for itself.
 *
 * @param experts routed experts
 * @param router the router's own scale, [channels]
 * @param shared the shared expert's, [channels]
 * @param routedSlots tokens times experts per token
 */
public record SmoothingScales(List<Expert> experts, float[] router, Optional<float[]> shared, long routedSlots) {
    /** What activations and weights are raised to at least, so that silent channels stay finite. */
    private static final double LEAST = 1e-5;

    /**
     * One expert's wish, and what it may count for.
     *
     * @param scale [channels]
     * @param tokens calibration tokens routed to it
     * @param outlierScore how uneven its weights are, at least 0
     * @param routerProbability its mean router probability
     */
    public record Expert(float[] scale, long tokens, double outlierScore, double routerProbability) {
        public Expert {
            if (tokens < 0 || !(outlierScore >= 0) || !(routerProbability >= 0)) {
                throw new IllegalArgumentException("an expert with " + tokens + " tokens, outlier score " + outlierScore
                        + " and router probability " + routerProbability);
            }
        }
    }

    public SmoothingScales {
        experts = List.copyOf(experts);
        if (experts.isEmpty() || routedSlots < 1) {
            throw new IllegalArgumentException(experts.size() + " experts and " + routedSlots + " routed slots are nothing to smooth");
        }
        for (Expert expert : experts) {
            requireLength(expert.scale, router.length);
        }
        int channels = router.length;
        shared.ifPresent(scale -> requireLength(scale, channels));
    }

    private static void requireLength(float[] scale, int channels) {
        if (scale.length != channels) {
            throw new IllegalArgumentException("a scale of " + scale.length + " channels beside a router of " + channels);
        }
    }

    /**
     * {@code s_j = max|x_j|^α / max|W_j|^(1−α)}: the wish of one reader.
     *
     * @param activationMaximum max|x| per channel over the tokens that reach it
     * @param weightMaximum max|W| per input channel over its matrices that read x: gate and up projection, or the router
     * @param alpha how much of the activations' range moves, 0 to 1
     */
    public static float[] wish(float[] activationMaximum, float[] weightMaximum, double alpha) {
        if (!(alpha >= 0 && alpha <= 1) || activationMaximum.length != weightMaximum.length) {
            throw new IllegalArgumentException("alpha " + alpha + " with " + activationMaximum.length + " activation and "
                    + weightMaximum.length + " weight maxima");
        }
        float[] scale = new float[activationMaximum.length];
        for (int j = 0; j < scale.length; j++) {
            double value = Math.pow(atLeast(activationMaximum[j], j), alpha) / Math.pow(atLeast(weightMaximum[j], j), 1 - alpha);
            scale[j] = (float) Math.max(value, LEAST);
        }
        return scale;
    }

    private static double atLeast(float maximum, int channel) {
        if (!(maximum >= 0 && maximum < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("largest magnitude of channel " + channel + " is " + maximum);
        }
        return Math.max(maximum, LEAST);
    }

    /** Raises {@code maximum} [columns] to the largest |w| of each column of w [rows, columns]; start with zeros. */
    public static void raiseToColumnMaximum(float[] w, int rows, float[] maximum) {
        int columns = maximum.length;
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                float magnitude = Math.abs(w[r * columns + c]);
                maximum[c] = Float.isNaN(magnitude) ? Float.NaN : Math.max(maximum[c], magnitude);
            }
        }
    }
}
