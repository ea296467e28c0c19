package org.mojave.engine.run;

/** What is read off one row of logits. */
public final class Logits {
    private Logits() {}

    /** Index of the largest of {@code count} logits from {@code offset} on, relative to it; the lowest index of equal ones. */
    public static int best(float[] logits, int offset, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            if (logits[offset + i] > logits[offset + best]) {
                best = i;
            }
        }
        return best;
    }

    /** {@code log Σ exp} of {@code count} logits from {@code offset} on, summed in float64. */
    public static double logSum(float[] logits, int offset, int count) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = offset; i < offset + count; i++) {
            largest = Math.max(largest, logits[i]);
        }
        double sum = 0;
        for (int i = offset; i < offset + count; i++) {
            sum += Math.exp(logits[i] - largest);
        }
        return largest + Math.log(sum);
    }

    /** A row of logits and its {@link #logSum}. */
    public record Row(float[] logits, double logSum) {}

    /** KL(base ‖ other) in nats of the distributions of two rows, both from {@code offset} on; never negative. */
    public static double divergence(Row base, Row other, int offset, int count) {
        double sum = 0;
        for (int i = offset; i < offset + count; i++) {
            double logBase = base.logits()[i] - base.logSum();
            double probability = Math.exp(logBase);
            if (probability > 0) {
                sum += probability * (logBase - (other.logits()[i] - other.logSum()));
            }
        }
        return Math.max(0, sum); // rounding may leave −1e−17
    }

    /**
     * Whether every logit is usable: finite, or minus infinity for a token that is ruled out, with at least one finite.
     */
    public static boolean valid(float[] logits, int offset, int count) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = offset; i < offset + count; i++) {
            if (!(logits[i] < Float.POSITIVE_INFINITY)) {
                return false;
            }
            largest = Math.max(largest, logits[i]);
        }
        return largest > Float.NEGATIVE_INFINITY;
    }
}
