package org.mojave.compress.smooth;

import java.util.Arrays;

/**
 * Scale per input channel of a down projection that tames only channels far outside the others (EAQuant). Channels beyond
 * the box-plot fence {@code q3 + 1.5·(q3 − q1)} are candidates; among several, the fence moves to where the gap to the next lower candidate
 * exceeds the variance below it most. A channel beyond the fence gets {@code (maximum / largest maximum within)^rate}, others 1;
 * the same for the minima; the larger of both counts.
 *
 * @param ratio quantile taken as q3, over ½ and at most 1; {@code 1 − ratio} is q1
 * @param rate exponent, 0 to 1
 */
public record OutlierScale(double ratio, double rate) {
    /** The published setting. */
    public static final OutlierScale DEFAULT = new OutlierScale(0.65, 0.7);

    public OutlierScale {
        if (!(ratio > 0.5 && ratio <= 1) || !(rate >= 0 && rate <= 1)) {
            throw new IllegalArgumentException("outlier ratio " + ratio + " and rate " + rate + " must lie in (0.5, 1] and [0, 1]");
        }
    }

    /** The scale, at least 1 everywhere; {@code maximum} and {@code minimum}: of the activations per channel. */
    public float[] of(float[] maximum, float[] minimum) {
        if (maximum.length != minimum.length || maximum.length == 0) {
            throw new IllegalArgumentException(maximum.length + " maxima and " + minimum.length + " minima");
        }
        double[] above = side(maximum, 1);
        double[] below = side(minimum, -1);
        float[] scale = new float[above.length];
        for (int j = 0; j < scale.length; j++) {
            scale[j] = (float) Math.max(above[j], below[j]);
        }
        return scale;
    }

    private double[] side(float[] extremes, int sign) {
        double[] values = new double[extremes.length];
        for (int j = 0; j < values.length; j++) {
            if (!Float.isFinite(extremes[j])) {
                throw new IllegalArgumentException("extreme activation of channel " + j + " is " + extremes[j]);
            }
            values[j] = sign * (double) extremes[j];
        }
        double[] ascending = values.clone();
        Arrays.sort(ascending);
        double fence = fence(ascending);
        double within = Arrays.stream(ascending).filter(v -> v <= fence).max().orElse(0);
        return Arrays.stream(values).map(v -> v > fence && within > 0 ? Math.pow(v / within, rate) : 1).toArray();
    }

    private double fence(double[] ascending) {
        double q1 = quantile(ascending, 1 - ratio);
        double q3 = quantile(ascending, ratio);
        double fence = q3 + 1.5 * (q3 - q1);
        int first = ascending.length;
        while (first > 0 && ascending[first - 1] > fence) {
            first--;
        }
        double best = Double.NEGATIVE_INFINITY;
        for (int inner = ascending.length - 2; inner >= first; inner--) {
            double merit = ascending[inner + 1] - ascending[inner] - variance(ascending, first, inner + 1);
            if (merit > best) {
                best = merit;
                fence = ascending[inner];
            }
        }
        return fence;
    }

    private static double quantile(double[] ascending, double share) {
        double position = share * (ascending.length - 1);
        int lower = (int) position;
        int upper = Math.min(lower + 1, ascending.length - 1);
        return ascending[lower] + (position - lower) * (ascending[upper] - ascending[lower]);
    }

    /** Unbiased variance of elements from {@code first} to before {@code end}; 0 for one. */
    private static double variance(double[] values, int first, int end) {
        int count = end - first;
        if (count < 2) {
            return 0;
        }
        double mean = Arrays.stream(values, first, end).average().orElseThrow();
        return Arrays.stream(values, first, end).map(v -> (v - mean) * (v - mean)).sum() / (count - 1);
    }
}
