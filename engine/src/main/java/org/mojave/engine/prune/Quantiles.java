package org.mojave.engine.prune;

import java.util.Arrays;

/** Quantiles with linear interpolation between neighbours. */
public final class Quantiles {
    private Quantiles() {}

    /** The value below which the share lies; {@code values} are not changed. */
    public static double of(double[] values, double share) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return ofSorted(sorted, share);
    }

    /** As {@link #of}, of rising values. */
    static double ofSorted(double[] sorted, double share) {
        if (sorted.length == 0 || !(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("quantile " + share + " of " + sorted.length + " values");
        }
        double position = share * (sorted.length - 1);
        int lower = (int) position;
        int upper = Math.min(lower + 1, sorted.length - 1);
        return sorted[lower] + (position - lower) * (sorted[upper] - sorted[lower]);
    }
}
