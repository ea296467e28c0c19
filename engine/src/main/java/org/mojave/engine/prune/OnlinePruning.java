package org.mojave.engine.prune;

import java.util.stream.IntStream;

/**
 * Online dynamic pruning of one sequence: a rule, overruled for the most and the least important tokens.
 *
 * @param rule for ordinary tokens
 * @param protectedTokens so many of the highest importance keep all their experts, against everything else
 * @param abandonedTokens so many of the lowest importance run no routed expert at all (0 in the published setting)
 */
public record OnlinePruning(PruningRule rule, int protectedTokens, int abandonedTokens) {
    public OnlinePruning {
        if (protectedTokens < 0 || abandonedTokens < 0) {
            throw new IllegalArgumentException("cannot protect " + protectedTokens + " and abandon " + abandonedTokens + " tokens");
        }
    }

    /**
     * Experts to run per token.
     *
     * @param weights [tokens, slots], falling within a token
     * @param importance [tokens]; a lone token has none to compare with and follows the rule
     */
    public int[] kept(float[] weights, int slots, double[] importance) {
        int tokens = importance.length;
        if (weights.length != tokens * slots) {
            throw new IllegalArgumentException(weights.length + " weights of " + tokens + " tokens with " + slots + " experts each");
        }
        int[] kept = new int[tokens];
        for (int t = 0; t < tokens; t++) {
            kept[t] = rule.kept(weights, t * slots, slots);
        }
        if (tokens > 1) {
            int[] rising = IntStream.range(0, tokens).boxed()
                    .sorted((a, b) -> Double.compare(importance[a], importance[b])).mapToInt(Integer::intValue).toArray();
            for (int i = 0; i < Math.min(abandonedTokens, tokens); i++) {
                kept[rising[i]] = 0;
            }
            for (int i = Math.max(0, tokens - protectedTokens); i < tokens; i++) {
                kept[rising[i]] = slots;
            }
        }
        return kept;
    }
}
