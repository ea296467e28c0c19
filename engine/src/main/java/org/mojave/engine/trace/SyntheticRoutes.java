package org.mojave.engine.trace;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Traces that no model has made: tokens that choose experts by Zipf's law. With exponent 0 all experts are alike, the worst case for a
 * slab; with 1 the first of a layer's experts is wanted about as often as the next two together.
 *
 * <p>Example: {@code SyntheticRoutes.zipf(layers, new SyntheticRoutes.Law(0, 0), 512, new SplittableRandom(1))} is uniform.
 */
public final class SyntheticRoutes {
    private SyntheticRoutes() {}

    /**
     * How tokens choose.
     *
     * @param exponent of Zipf's law, 0 for all experts alike
     * @param repeat share of a token's experts that the next token takes again, whatever their rank; 0 for tokens that know nothing
     *     of each other
     */
    public record Law(double exponent, double repeat) {
        /** Checks the ranges. */
        public Law {
            if (!(exponent >= 0) || !(repeat >= 0 && repeat <= 1)) {
                throw new IllegalArgumentException("Zipf's exponent must be at least 0 and the share that repeats between 0 and 1, not " + exponent
                        + " and " + repeat);
            }
        }
    }

    /**
     * One token per step. The experts of a token that are not the last token's are the first of an exponential race with rates
     * rank^−exponent, that is, drawn one after the other without putting back; every layer ranks its experts anew.
     */
    public static RouteTrace zipf(List<RouteTrace.Layer> layers, Law law, int tokens, RandomGenerator random) {
        char[][] choices = new char[layers.size()][];
        for (int l = 0; l < choices.length; l++) {
            RouteTrace.Layer layer = layers.get(l);
            int[] ranked = shuffled(layer.experts(), random);
            choices[l] = new char[tokens * layer.chosen()];
            int[] ranks = new int[layer.chosen()];
            Arrays.fill(ranks, -1);
            for (int t = 0; t < tokens; t++) {
                choose(layer, law, ranks, random);
                for (int k = 0; k < ranks.length; k++) {
                    choices[l][t * layer.chosen() + k] = (char) ranked[ranks[k]];
                }
            }
        }
        int[] steps = new int[tokens];
        Arrays.fill(steps, 1);
        return new RouteTrace(layers, steps, choices);
    }

    /** Replaces the last token's ranks, −1 where there was none, by the next one's. */
    private static void choose(RouteTrace.Layer layer, Law law, int[] ranks, RandomGenerator random) {
        double[] arrivals = arrivals(layer.experts(), law.exponent(), random);
        for (int k = 0; k < ranks.length; k++) {
            if (ranks[k] >= 0 && law.repeat() > 0 && random.nextDouble() < law.repeat()) {
                arrivals[ranks[k]] = Double.POSITIVE_INFINITY;
            } else {
                ranks[k] = -1;
            }
        }
        for (int k = 0; k < ranks.length; k++) {
            if (ranks[k] < 0) {
                ranks[k] = first(arrivals);
                arrivals[ranks[k]] = Double.POSITIVE_INFINITY;
            }
        }
    }

    private static int[] shuffled(int count, RandomGenerator random) {
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++) {
            int other = random.nextInt(i + 1);
            numbers[i] = numbers[other];
            numbers[other] = i;
        }
        return numbers;
    }

    private static double[] arrivals(int experts, double exponent, RandomGenerator random) {
        double[] arrivals = new double[experts];
        for (int rank = 0; rank < experts; rank++) {
            arrivals[rank] = random.nextExponential() * Math.pow(rank + 1, exponent);
        }
        return arrivals;
    }

    private static int first(double[] arrivals) {
        int best = 0;
        for (int rank = 1; rank < arrivals.length; rank++) {
            best = arrivals[rank] < arrivals[best] ? rank : best;
        }
        return best;
    }
}
