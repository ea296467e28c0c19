package org.mojave.engine.trace;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Traces that no model has made: tokens that choose experts independently of each other, by Zipf's law. With exponent 0 all experts are
 * alike, the worst case for a slab; with 1 the first of a layer's experts is wanted about as often as the next two together.
 *
 * <p>Example: {@code SyntheticRoutes.zipf(layers, 0, 512, new SplittableRandom(1))} is uniform.
 */
public final class SyntheticRoutes {
    private SyntheticRoutes() {}

    /**
     * One token per step. The k experts of a token are the k first of an exponential race with rates rank^−exponent, that is, drawn one
     * after the other without putting back; every layer ranks its experts anew.
     */
    public static RouteTrace zipf(List<RouteTrace.Layer> layers, double exponent, int tokens, RandomGenerator random) {
        if (!(exponent >= 0)) {
            throw new IllegalArgumentException("Zipf's exponent must be at least 0, not " + exponent);
        }
        char[][] choices = new char[layers.size()][];
        for (int l = 0; l < choices.length; l++) {
            RouteTrace.Layer layer = layers.get(l);
            int[] ranked = shuffled(layer.experts(), random);
            choices[l] = new char[tokens * layer.chosen()];
            for (int t = 0; t < tokens; t++) {
                int[] first = race(layer.experts(), layer.chosen(), exponent, random);
                for (int k = 0; k < first.length; k++) {
                    choices[l][t * layer.chosen() + k] = (char) ranked[first[k]];
                }
            }
        }
        int[] steps = new int[tokens];
        Arrays.fill(steps, 1);
        return new RouteTrace(layers, steps, choices);
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

    /** The {@code chosen} ranks that arrive first. */
    private static int[] race(int experts, int chosen, double exponent, RandomGenerator random) {
        double[] arrivals = new double[experts];
        for (int rank = 0; rank < experts; rank++) {
            arrivals[rank] = random.nextExponential() * Math.pow(rank + 1, exponent);
        }
        int[] first = new int[chosen];
        for (int k = 0; k < chosen; k++) {
            int best = 0;
            for (int rank = 1; rank < experts; rank++) {
                best = arrivals[rank] < arrivals[best] ? rank : best;
            }
            first[k] = best;
            arrivals[best] = Double.POSITIVE_INFINITY;
        }
        return first;
    }
}
