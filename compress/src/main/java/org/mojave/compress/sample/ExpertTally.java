package org.mojave.compress.sample;

import org.mojave.compress.statistics.ExpertHistogram;

/** Expert use of one growing sequence, with its imbalance at hand after every token. */
final class ExpertTally {
    private final int layers;
    private final int experts;
    private final int[] counts;
    private final long[] squares;
    private final long[] totals;

    ExpertTally(int layers, int experts) {
        this.layers = layers;
        this.experts = experts;
        counts = new int[layers * experts];
        squares = new long[layers];
        totals = new long[layers];
    }

    ExpertTally(ExpertTally other) {
        layers = other.layers;
        experts = other.experts;
        counts = other.counts.clone();
        squares = other.squares.clone();
        totals = other.totals.clone();
    }

    /** Counts one choice. */
    void add(int layer, int expert) {
        int before = counts[layer * experts + expert]++;
        squares[layer] += 2L * before + 1;
        totals[layer]++;
    }

    /** σ as {@link ExpertHistogram#imbalance} defines it, from exact sums: Σ (u − 1/E)² = (E·Σ c² − T²) / (E·T²). */
    double imbalance() {
        double sum = 0;
        for (int layer = 0; layer < layers; layer++) {
            long total = totals[layer];
            if (total > 0 && experts > 1) {
                double spread = (double) (experts * squares[layer] - total * total) / ((double) experts * total * total);
                sum += Math.sqrt(spread / (experts - 1));
            }
        }
        return sum / layers;
    }

    ExpertHistogram histogram() {
        return new ExpertHistogram(layers, experts, counts.clone());
    }
}
