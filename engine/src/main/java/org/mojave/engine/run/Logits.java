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
