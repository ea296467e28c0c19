package org.mojave.engine.run;

import java.util.Arrays;
import java.util.BitSet;
import java.util.random.RandomGenerator;

/**
 * Draws tokens from logits. The same options, generator state and logits always give the same token. For one thread; it
 * remembers the tokens that it has seen, for the repetition penalty.
 */
public final class Sampler {
    private final SamplingOptions options;
    private final RandomGenerator random;
    private final BitSet seen = new BitSet();
    private float[] scaled = new float[0];
    private long[] ordered = new long[0];

    /** Draws with {@code random}, which greedy sampling never asks. */
    public Sampler(SamplingOptions options, RandomGenerator random) {
        this.options = options;
        this.random = random;
    }

    /** Notes tokens that stand in the text already. */
    public void accept(int... tokens) {
        for (int token : tokens) {
            seen.set(token);
        }
    }

    /**
     * Draws a token and notes it. Of equally probable tokens, greedy sampling takes the lowest id. {@code logits} is not
     * changed. Throws {@link InvalidLogitsException} where they are no numbers.
     */
    public int next(float[] logits) {
        if (!Logits.valid(logits, 0, logits.length)) {
            throw new InvalidLogitsException("next token");
        }
        float[] penalised = penalised(logits);
        int token = options.temperature() == 0 ? Logits.best(penalised, 0, penalised.length) : draw(penalised);
        accept(token);
        return token;
    }

    private float[] penalised(float[] logits) {
        float penalty = options.repetitionPenalty();
        if (penalty == 1 && options.temperature() == 0) {
            return logits;
        }
        if (scaled.length != logits.length) {
            scaled = new float[logits.length];
            ordered = new long[logits.length];
        }
        System.arraycopy(logits, 0, scaled, 0, logits.length);
        if (penalty != 1) {
            for (int i = seen.nextSetBit(0); i >= 0 && i < scaled.length; i = seen.nextSetBit(i + 1)) {
                scaled[i] = scaled[i] > 0 ? scaled[i] / penalty : scaled[i] * penalty;
            }
        }
        return scaled;
    }

    private int draw(float[] logits) {
        for (int i = 0; i < logits.length; i++) {
            ordered[i] = key(logits[i], i);
        }
        Arrays.sort(ordered);
        int count = options.topK() == 0 ? logits.length : Math.min(options.topK(), logits.length);
        double largest = logits[id(ordered[0])];
        double[] weights = new double[count];
        double sum = 0;
        for (int rank = 0; rank < count; rank++) {
            weights[rank] = Math.exp((logits[id(ordered[rank])] - largest) / options.temperature());
            sum += weights[rank];
        }
        int kept = kept(weights, sum);
        double total = 0;
        for (int rank = 0; rank < kept; rank++) {
            total += weights[rank];
        }
        double left = random.nextDouble() * total;
        int rank = 0;
        while (rank < kept - 1 && left >= weights[rank]) {
            left -= weights[rank];
            rank++;
        }
        return id(ordered[rank]);
    }

    /** How many of the weights, largest first, top-p and min-p leave; at least one. */
    private int kept(double[] weights, double sum) {
        int kept = 1;
        double reached = weights[0];
        while (kept < weights.length && reached < options.topP() * sum && weights[kept] >= options.minP() && weights[kept] > 0) {
            reached += weights[kept];
            kept++;
        }
        return kept;
    }

    /** Sorts by descending logit, then ascending id; the id is in the low half. */
    private static long key(float logit, int id) {
        int bits = Float.floatToIntBits(logit + 0f); // −0 becomes 0
        int ascending = bits < 0 ? ~bits : bits ^ Integer.MIN_VALUE;
        return (long) ~(ascending ^ Integer.MIN_VALUE) << 32 | id;
    }

    private static int id(long key) {
        return (int) key;
    }
}
