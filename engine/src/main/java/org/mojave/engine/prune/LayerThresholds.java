package org.mojave.engine.prune;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Thresholds of one layer's rules for any share of skipped pairs, from the weights of a text's tokens. Both rules compare something of
 * each pair but a token's first: the ratio rule the weight's ratio to the first, the mass rule the share of the mass that comes before
 * it. A threshold that skips a given share is therefore a quantile of those.
 *
 * @param chosen experts per token
 * @param ratios quantiles of the ratios, evenly spaced from the smallest to the largest
 * @param masses quantiles of the shares of the mass, likewise
 */
public record LayerThresholds(int chosen, List<Double> ratios, List<Double> masses) {
    private static final int QUANTILES = 51;

    public LayerThresholds {
        ratios = List.copyOf(ratios);
        masses = List.copyOf(masses);
        requireQuantiles("ratio", ratios);
        requireQuantiles("mass", masses);
        if (chosen < 2) {
            throw new IllegalArgumentException("a token with " + chosen + " experts has none to skip");
        }
    }

    private static void requireQuantiles(String what, List<Double> values) {
        boolean rising = IntStream.range(1, values.size()).allMatch(i -> values.get(i) >= values.get(i - 1));
        if (values.size() < 2 || !rising || !(values.getFirst() >= 0 && values.getLast() <= 1)) {
            throw new IllegalArgumentException("quantiles of the " + what + " must rise from 0 to 1 at most, these do not: " + values);
        }
    }

    /**
     * From the weights of some tokens.
     *
     * @param weights [tokens, chosen], falling within a token
     */
    public static LayerThresholds of(float[] weights, int chosen) {
        int tokens = weights.length / chosen;
        double[] ratios = new double[tokens * (chosen - 1)];
        double[] masses = new double[ratios.length];
        int at = 0;
        for (int t = 0; t < tokens; t++) {
            double total = 0;
            for (int k = 0; k < chosen; k++) {
                total += weights[t * chosen + k];
            }
            double before = 0;
            for (int k = 1; k < chosen; k++, at++) {
                before += weights[t * chosen + k - 1];
                ratios[at] = Math.clamp(weights[t * chosen + k] / (double) weights[t * chosen], 0.0, 1.0);
                masses[at] = Math.clamp(before / total, 0.0, 1.0);
            }
        }
        return new LayerThresholds(chosen, quantiles(ratios), quantiles(masses));
    }

    private static List<Double> quantiles(double[] values) {
        Arrays.sort(values);
        return IntStream.range(0, QUANTILES).mapToObj(i -> Quantiles.ofSorted(values, i / (QUANTILES - 1.0))).toList();
    }

    /** The ratio rule whose threshold lies above that share of all ratios: ½ is Mixture Compressor's, for two experts per token. */
    public PruningRule ratioAbove(double quantile) {
        return new PruningRule.Ratio(at(ratios, quantile));
    }

    /** The rule that skipped that share of all pairs: of the ratio for two experts per token, of the mass for more. */
    public PruningRule skipping(double share) {
        if (!(share >= 0 && share < (chosen - 1.0) / chosen)) {
            throw new IllegalArgumentException("cannot skip " + share + " of " + chosen + " experts per token");
        }
        double quantile = share * chosen / (chosen - 1);
        return share == 0 ? new PruningRule.KeepAll() : chosen == 2 ? ratioAbove(quantile) : new PruningRule.Mass(at(masses, 1 - quantile));
    }

    private static double at(List<Double> values, double quantile) {
        return Quantiles.ofSorted(values.stream().flatMapToDouble(DoubleStream::of).toArray(), quantile);
    }
}
