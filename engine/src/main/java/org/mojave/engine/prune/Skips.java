package org.mojave.engine.prune;

/** Says token by token how many of a layer's chosen experts are run; may learn from what it sees. */
public sealed interface Skips permits SkipController, Skips.Fixed {
    /**
     * Experts to keep per token, 1 to the number chosen.
     *
     * @param weights [tokens, chosen], falling within a token
     * @param whole tokens that keep all their experts
     */
    int[] kept(float[] weights, int tokens, boolean[] whole);

    /**
     * One rule for all tokens.
     *
     * @param rule that decides
     * @param chosen experts per token
     */
    record Fixed(PruningRule rule, int chosen) implements Skips {
        @Override
        public int[] kept(float[] weights, int tokens, boolean[] whole) {
            int[] kept = new int[tokens];
            for (int t = 0; t < tokens; t++) {
                kept[t] = whole[t] ? chosen : rule.kept(weights, t * chosen, chosen);
            }
            return kept;
        }
    }
}
