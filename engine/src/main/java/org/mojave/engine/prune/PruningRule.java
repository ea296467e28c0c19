package org.mojave.engine.prune;

/**
 * How many of a token's chosen experts are run. The chosen are sorted by falling weight; a rule keeps a prefix and
 * always the first. Weights of the kept are renormalised to sum to 1 where the router does so.
 */
public sealed interface PruningRule {
    /** Experts to run, 1 to {@code slots}, for weights {@code w[offset … offset + slots)} that do not rise. */
    int kept(float[] w, int offset, int slots);

    /** Runs all. */
    record KeepAll() implements PruningRule {
        @Override
        public int kept(float[] w, int offset, int slots) {
            return slots;
        }
    }

    /**
     * Drops what weighs less than {@code threshold} times the first: for two experts the rule of Mixture Compressor (ODP, threshold the
     * layer's median ratio), for more that of "smart expert reduction".
     *
     * @param threshold 0 (keep all) to 1
     */
    record Ratio(double threshold) implements PruningRule {
        public Ratio {
            requireShare("ratio", threshold);
        }

        @Override
        public int kept(float[] w, int offset, int slots) {
            int kept = 1;
            while (kept < slots && !(w[offset + kept] < threshold * w[offset])) {
                kept++;
            }
            return kept;
        }
    }

    /**
     * Keeps the shortest prefix with at least this share of the weight of all chosen.
     *
     * @param threshold 0 (keep one) to 1
     */
    record Mass(double threshold) implements PruningRule {
        public Mass {
            requireShare("mass", threshold);
        }

        @Override
        public int kept(float[] w, int offset, int slots) {
            double total = 0;
            for (int s = 0; s < slots; s++) {
                total += w[offset + s];
            }
            double sum = w[offset];
            int kept = 1;
            while (kept < slots && sum < threshold * total) {
                sum += w[offset + kept];
                kept++;
            }
            return kept;
        }
    }

    private static void requireShare(String what, double threshold) {
        if (!(threshold >= 0 && threshold <= 1)) {
            throw new IllegalArgumentException(what + " threshold must lie between 0 and 1, not " + threshold);
        }
    }
}
