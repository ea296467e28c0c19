package org.mojave.compress.statistics;

import java.util.Arrays;

/**
 * How often each expert of each layer was chosen. The array is the record's own and is not changed.
 *
 * @param layers layers with routed experts
 * @param experts routed experts per layer
 * @param counts [layers, experts] tokens
 */
public record ExpertHistogram(int layers, int experts, int[] counts) {
    public ExpertHistogram {
        if (layers < 1 || experts < 1 || counts.length != (long) layers * experts) {
            throw new IllegalArgumentException(counts.length + " counts of " + layers + " layers with " + experts + " experts");
        }
        for (int count : counts) {
            if (count < 0) {
                throw new IllegalArgumentException("negative count " + count);
            }
        }
    }

    /** All zero. */
    public static ExpertHistogram empty(int layers, int experts) {
        return new ExpertHistogram(layers, experts, new int[Math.multiplyExact(layers, experts)]);
    }

    /** The sum of both. */
    public ExpertHistogram plus(ExpertHistogram other) {
        if (other.layers != layers || other.experts != experts) {
            throw new IllegalArgumentException("histograms of " + layers + " × " + experts + " and " + other.layers + " × " + other.experts);
        }
        int[] sum = new int[counts.length];
        Arrays.setAll(sum, i -> Math.addExact(counts[i], other.counts[i]));
        return new ExpertHistogram(layers, experts, sum);
    }

    /** Tokens of the least used expert of any layer. */
    public int least() {
        return Arrays.stream(counts).min().orElseThrow();
    }

    /**
     * Imbalance σ of MoEQuant (arXiv 2505.03804, expert-balance): the standard deviation over experts (divisor E − 1) of their share of
     * a layer's choices, averaged over layers. 0 is perfect balance; a layer without choices counts as balanced.
     */
    public double imbalance() {
        double sum = 0;
        for (int layer = 0; layer < layers && experts > 1; layer++) {
            long total = 0;
            for (int e = 0; e < experts; e++) {
                total += counts[layer * experts + e];
            }
            double squares = 0;
            for (int e = 0; e < experts && total > 0; e++) {
                double difference = counts[layer * experts + e] / (double) total - 1.0 / experts;
                squares += difference * difference;
            }
            sum += Math.sqrt(squares / (experts - 1));
        }
        return sum / layers;
    }
}
