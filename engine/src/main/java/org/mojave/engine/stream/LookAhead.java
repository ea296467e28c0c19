package org.mojave.engine.stream;

import java.util.Arrays;

/**
 * Whether reading ahead on a guess pays, learnt while running: how often guesses of each rank come true for experts that are not in
 * memory, and how long whole steps take with and without. It is on only while it is clearly faster: the mean with it, and both means'
 * errors, below the mean without. Single steps go the other way to keep the comparison fresh, ever more seldom while they confirm it, so
 * that what does not pay costs next to nothing. Never changes a result.
 */
final class LookAhead {
    /** Steps of each way before there is a verdict; until then they alternate. */
    private static final int FEWEST_SAMPLES = 8;
    /** Of so many steps one goes the other way at first, and at last. */
    private static final int OFTEN = 12;
    private static final int SELDOM = 384;
    private static final double FADE = 0.05;
    /** Samples that a fading mean is worth. */
    private static final int MOST_COUNTED = 39;
    /** Guesses less sure than this are not acted upon. */
    private static final double LEAST_CHANCE = 0.6;

    private final double[] chance;
    private final int[] guesses;
    private int guessed;
    private int guessedLayer = -1;
    private final Way[] ways = {new Way(), new Way()};
    private boolean better;
    private boolean active;
    private int interval = OFTEN;
    private int untilTrial = OFTEN;
    private long begun;
    private boolean counted;

    LookAhead(int mostChosen) {
        chance = new double[mostChosen];
        guesses = new int[mostChosen];
        Arrays.fill(chance, LEAST_CHANCE);
    }

    /** How long steps of one way take: mean and variance, both fading. */
    private static final class Way {
        private int samples;
        private double mean;
        private double variance;

        void add(long nanos) {
            samples++;
            double weight = Math.max(FADE, 1.0 / samples);
            double off = (double) nanos - mean;
            mean += weight * off;
            variance = (1 - weight) * (variance + weight * off * off);
        }

        /** Square of the mean's error. */
        double doubt() {
            return variance / Math.min(samples, MOST_COUNTED);
        }
    }

    /** A step begins at that time of a clock, and the one before ends. */
    void step(long nanos) {
        if (counted) {
            ways[active ? 1 : 0].add(nanos - begun);
        }
        boolean undecided = Math.min(ways[0].samples, ways[1].samples) < FEWEST_SAMPLES;
        if (undecided) {
            active = !active;
        } else {
            judge();
            boolean trial = --untilTrial <= 0;
            if (trial) {
                untilTrial = interval;
                interval = Math.min(SELDOM, 2 * interval);
            }
            active = better != trial;
        }
        begun = nanos;
        counted = true;
    }

    private void judge() {
        boolean faster = ways[1].mean + Math.sqrt(ways[0].doubt() + ways[1].doubt()) < ways[0].mean;
        if (faster != better) {
            better = faster;
            interval = OFTEN;
            untilTrial = OFTEN;
        }
    }

    /** The step that began is not like generation: its time says nothing. */
    void ignoreStep() {
        counted = false;
    }

    /** Whether this step asks for guesses and reads ahead. */
    boolean active() {
        return active;
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

    /** Whether steps are clearly faster with it, as far as is known. */
    boolean isBetter() {
        return better;
    }
}
