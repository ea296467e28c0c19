package org.mojave.engine.stream;

import java.util.Arrays;

/**
 * Whether reading ahead on a guess pays, learnt while running: how often guesses of each rank come true for experts that are not in
 * memory, and how long steps wait with and without. Some steps always go the other way, so that the comparison stays fresh; where
 * reading ahead does not shorten the waiting it is switched off by itself. Never changes a result.
 */
final class LookAhead {
    /** Of so many steps one tries the other way. */
    private static final int TRIAL = 12;
    private static final int FEWEST_SAMPLES = 6;
    private static final double FADE = 0.05;
    /** Guesses less sure than this are not acted upon. */
    private static final double LEAST_CHANCE = 0.6;

    private final double[] chance;
    private final int[] guesses;
    private int guessed;
    private int guessedLayer = -1;
    private long steps;
    private boolean better = true;
    private final double[] stall = new double[2];
    private final int[] samples = new int[2];
    private long stallAtStart;
    private boolean counted;

    LookAhead(int mostChosen) {
        chance = new double[mostChosen];
        guesses = new int[mostChosen];
        Arrays.fill(chance, LEAST_CHANCE);
    }

    /** A step begins; {@code stallNanos} is the waiting so far. */
    void step(long stallNanos) {
        if (counted) {
            int way = active() ? 1 : 0;
            double waited = stallNanos - stallAtStart;
            stall[way] = samples[way]++ == 0 ? waited : stall[way] + Math.max(FADE, 1.0 / samples[way]) * (waited - stall[way]);
            if (samples[0] >= FEWEST_SAMPLES && samples[1] >= FEWEST_SAMPLES) {
                better = stall[1] < stall[0];
            }
        }
        steps++;
        stallAtStart = stallNanos;
        counted = true;
    }

    /** The step that began is not like generation: its waiting says nothing. */
    void ignoreStep() {
        counted = false;
    }

    /** Whether this step reads ahead. */
    boolean active() {
        boolean trial = steps % TRIAL == 0 || (samples[0] < FEWEST_SAMPLES && steps % 2 == 0);
        return better != trial;
    }

    /** Notes a guess about a layer; experts by falling probability, {@code missing} are not in memory. */
    void guess(int layer, int[] numbers, boolean[] missing) {
        guessed = Math.min(numbers.length, guesses.length);
        for (int rank = 0; rank < guessed; rank++) {
            guesses[rank] = missing[rank] ? numbers[rank] : -1;
        }
        guessedLayer = layer;
    }

    /** The layer says what it needs. */
    void compare(int layer, boolean[] needed) {
        if (layer == guessedLayer) {
            for (int rank = 0; rank < guessed; rank++) {
                if (guesses[rank] >= 0) {
                    chance[rank] += FADE * ((needed[guesses[rank]] ? 1 : 0) - chance[rank]);
                }
            }
        }
        guessedLayer = -1;
    }

    /** Whether a guess of that rank is worth a read. */
    boolean pays(int rank) {
        return rank < chance.length && chance[rank] >= LEAST_CHANCE;
    }

    /** How often guesses of each rank come true where the expert was missing: what is used often is in memory already. */
    double[] chances() {
        return chance.clone();
    }

    /** Whether waiting is shorter with it, as far as is known. */
    boolean isBetter() {
        return better;
    }
}
