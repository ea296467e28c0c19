package org.mojave.compress.route;

import org.mojave.engine.prune.PruningRule;
import org.mojave.engine.prune.Quantiles;

/**
 * Weights that a layer's router gave its chosen experts on calibration tokens, from which pruning rules get their thresholds.
 *
 * @param slots experts per token, at least 2
 * @param weights [tokens, slots], falling within a token, not negative; only read
 */
public record RoutedWeights(int slots, float[] weights) {
    public RoutedWeights {
        if (slots < 2 || weights.length == 0 || weights.length % slots != 0) {
            throw new IllegalArgumentException("pruning needs tokens with at least two experts each, not " + weights.length
                    + " weights in " + slots + " slots");
        }
        for (int i = 0; i < weights.length; i++) {
            boolean rises = i % slots != 0 && weights[i] > weights[i - 1];
            if (rises || !(weights[i] >= 0 && weights[i] < Float.POSITIVE_INFINITY) || (i % slots == 0 && weights[i] == 0)) {
                throw new IllegalArgumentException("weight " + weights[i] + " in slot " + i % slots + " of token " + i / slots
                        + " is out of order");
            }
        }
    }

    /** Tokens. */
    public int tokens() {
        return weights.length / slots;
    }

    /**
     * The ratio rule whose threshold is this quantile of weight over first weight, over all slots but the first: about that share
     * of them is dropped. ½ with two slots is the median of Mixture Compressor.
     */
    public PruningRule.Ratio ratioRule(double quantile) {
        double[] ratios = new double[tokens() * (slots - 1)];
        for (int t = 0, next = 0; t < tokens(); t++) {
            for (int s = 1; s < slots; s++) {
                ratios[next++] = (double) weights[t * slots + s] / weights[t * slots];
            }
        }
        return new PruningRule.Ratio(Quantiles.of(ratios, quantile));
    }

    /** The mass rule that drops about {@code share} of all slots but the first. */
    public PruningRule.Mass massRule(double share) {
        double[] before = new double[tokens() * (slots - 1)];
        for (int t = 0, next = 0; t < tokens(); t++) {
            double total = 0;
            for (int s = 0; s < slots; s++) {
                total += weights[t * slots + s];
            }
            double sum = 0;
            for (int s = 1; s < slots; s++) {
                sum += weights[t * slots + s - 1];
                before[next++] = sum / total;
            }
        }
        return new PruningRule.Mass(Math.min(1, Quantiles.of(before, 1 - share)));
    }

    /** Share of all expert-token pairs that a rule drops here. */
    public double droppedShare(PruningRule rule) {
        long kept = 0;
        for (int t = 0; t < tokens(); t++) {
            kept += rule.kept(weights, t * slots, slots);
        }
        return 1 - kept / (double) weights.length;
    }
}
