package org.mojave.engine.prune;

/**
 * Holds the share of skipped (token, expert) pairs of one layer at a target, whatever the texts: a threshold that follows what was
 * skipped too much or too little. With two experts per token it is that of the ratio rule, with more the mass that may be lost under
 * the mass rule. A long batch sets it to the batch's own quantile; with few tokens its logarithm moves by {@code gain · (target −
 * skipped share)} per token, so that the error of the sum stays bounded.
 */
public final class SkipController implements Skips {
    private static final double GAIN = 0.3;
    private static final double LEAST = Math.log(1e-9);
    /** From so many tokens on a batch tells a quantile. */
    private static final int CALIBRATING_TOKENS = 16;
    private static final int BISECTIONS = 30;

    private final int slots;
    private final double target;
    /** Logarithm of the ratio, or of the mass that may be lost. */
    private double level;

    /**
     * For a layer with {@code slots} experts per token.
     *
     * @param target share of pairs to skip, below (slots − 1) / slots: the first expert always stays
     */
    public SkipController(int slots, double target) {
        if (slots < 2 || !(target >= 0 && target < (slots - 1.0) / slots)) {
            throw new IllegalArgumentException("cannot skip " + target + " of " + slots + " experts per token");
        }
        this.slots = slots;
        this.target = target;
        level = Math.max(LEAST, Math.log(target / 2));
    }

    /** The rule as it stands. */
    public PruningRule rule() {
        return rule(level);
    }

    private PruningRule rule(double logarithm) {
        if (target == 0) {
            return new PruningRule.KeepAll();
        }
        double value = Math.exp(logarithm);
        return slots == 2 ? new PruningRule.Ratio(value) : new PruningRule.Mass(1 - value);
    }

    /** Decides by the rule as it stands; then adapts. */
    @Override
    public int[] kept(float[] weights, int tokens, boolean[] whole) {
        boolean many = tokens >= CALIBRATING_TOKENS;
        if (many) {
            calibrate(weights, tokens, whole);
        }
        int[] kept = new int[tokens];
        long skipped = apply(rule(), weights, whole, kept);
        if (!many) {
            level = Math.clamp(level + GAIN * (target * tokens - (double) skipped / slots), LEAST, 0.0);
        }
        return kept;
    }

    private long apply(PruningRule rule, float[] weights, boolean[] whole, int[] kept) {
        long skipped = 0;
        for (int t = 0; t < kept.length; t++) {
            kept[t] = whole[t] ? slots : rule.kept(weights, t * slots, slots);
            skipped += slots - kept[t];
        }
        return skipped;
    }

    /** The threshold with which this batch comes nearest to the target from below. */
    private void calibrate(float[] weights, int tokens, boolean[] whole) {
        double low = LEAST;
        double high = 0;
        int[] kept = new int[tokens];
        for (int i = 0; i < BISECTIONS; i++) {
            double middle = (low + high) / 2;
            if (apply(rule(middle), weights, whole, kept) <= target * tokens * slots) {
                low = middle;
            } else {
                high = middle;
            }
        }
        level = low;
    }
}
