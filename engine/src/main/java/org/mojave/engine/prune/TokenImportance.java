package org.mojave.engine.prune;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Which tokens must not lose experts (ODP of Mixture Compressor): {@code I_j = ‖t_j‖₁ · a_j / (L − j)} with t the layer's input, L tokens in the
 * sequence and a_j an attention sum.
 */
public enum TokenImportance {
    /** a_j = what token j receives from all later ones, the column sum: the paper's definition. */
    RECEIVED,
    /** a_j = what token j pays, the row sum (about 1): what the published code computes; favours late tokens. */
    PAID;

    /**
     * Importance of every token of one sequence.
     *
     * @param attention [heads, tokens, tokens], rows are queries
     * @param hidden [tokens, width] inputs of the expert block
     */
    public double[] of(float[] attention, int heads, float[] hidden, int tokens) {
        if (attention.length != (long) heads * tokens * tokens) {
            throw new IllegalArgumentException(attention.length + " attention weights of " + heads + " heads and " + tokens + " tokens");
        }
        double[] sums = new double[tokens];
        for (int h = 0; h < heads; h++) {
            for (int query = 0; query < tokens; query++) {
                for (int key = 0; key < tokens; key++) {
                    double weight = attention[(h * tokens + query) * tokens + key] / (double) heads;
                    sums[this == RECEIVED ? key : query] += weight;
                }
            }
        }
        return scores(sums, norms(hidden, tokens));
    }

    /** The formula from attention sums, already averaged over heads, and norms: for kernels that never hold the attention map. */
    public static double[] scores(double[] attentionSums, double[] norms) {
        int tokens = attentionSums.length;
        double[] scores = new double[tokens];
        for (int j = 0; j < tokens; j++) {
            scores[j] = norms[j] * attentionSums[j] / (tokens - j);
        }
        return scores;
    }

    /** The numbers of the {@code count} tokens of highest importance; of equals the later ones. */
    public static int[] top(double[] importance, int count) {
        return IntStream.range(0, importance.length).boxed().sorted(Comparator.comparingDouble((Integer t) -> importance[t]))
                .skip(Math.max(0, importance.length - count)).mapToInt(Integer::intValue).toArray();
    }

    /** {@code ‖t_j‖₁} of hidden [tokens, width]. */
    public static double[] norms(float[] hidden, int tokens) {
        return norms(hidden, tokens, hidden.length / tokens);
    }

    /** {@code ‖t_j‖₁} of the first rows of hidden [tokens, width], which may be longer. */
    public static double[] norms(float[] hidden, int tokens, int width) {
        double[] norms = new double[tokens];
        for (int t = 0; t < tokens; t++) {
            double norm = 0;
            for (int i = t * width; i < (t + 1) * width; i++) {
                norm += Math.abs(hidden[i]);
            }
            norms[t] = norm;
        }
        return norms;
    }

    /** The norm above which {@code share} of the tokens lie: protects tokens in decoding, where no later token exists yet. */
    public static double normThreshold(double[] norms, double share) {
        return Quantiles.of(norms, 1 - share);
    }
}
