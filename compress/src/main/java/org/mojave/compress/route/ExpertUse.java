package org.mojave.compress.route;

/**
 * How a softmax router uses the experts of one layer: what Mixture Compressor calls significance.
 *
 * <p>Arrays belong to the record and are not changed.
 *
 * @param tokens tokens seen
 * @param count [experts] tokens that chose the expert
 * @param weightSum [experts] their softmax probabilities over all experts, not renormalised over the chosen
 * @param probabilitySum [experts] softmax probabilities of all tokens
 */
public record ExpertUse(long tokens, long[] count, double[] weightSum, double[] probabilitySum) {
    public ExpertUse {
        if (count.length != weightSum.length || count.length != probabilitySum.length) {
            throw new IllegalArgumentException("use of " + count.length + ", " + weightSum.length + " and " + probabilitySum.length + " experts");
        }
    }

    /** Counts the tokens of logits [tokens, experts], each of which chooses the {@code chosen} largest. */
    public static ExpertUse of(float[] logits, int experts, int chosen) {
        TopExperts.require(logits, experts, chosen);
        int tokens = logits.length / experts;
        ExpertUse use = new ExpertUse(tokens, new long[experts], new double[experts], new double[experts]);
        for (int t = 0; t < tokens; t++) {
            double[] probabilities = TopExperts.softmax(logits, t * experts, experts);
            for (int e = 0; e < experts; e++) {
                use.probabilitySum[e] += probabilities[e];
            }
            for (int e : TopExperts.of(logits, t * experts, experts, chosen)) {
                use.count[e]++;
                use.weightSum[e] += probabilities[e];
            }
        }
        return use;
    }

    /** The use by both sets of tokens. */
    public ExpertUse plus(ExpertUse other) {
        ExpertUse sum = new ExpertUse(tokens + other.tokens, count.clone(), weightSum.clone(), probabilitySum.clone());
        for (int e = 0; e < count.length; e++) {
            sum.count[e] += other.count[e];
            sum.weightSum[e] += other.weightSum[e];
            sum.probabilitySum[e] += other.probabilitySum[e];
        }
        return sum;
    }
}
