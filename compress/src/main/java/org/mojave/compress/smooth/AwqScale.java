package org.mojave.compress.smooth;

import java.util.function.ToDoubleFunction;

/**
 * Scale search of activation-aware weight quantization (AWQ, arXiv 2306.00978): {@code s = a^r / √(max·min of a^r)} with a the mean
 * magnitude of each input channel, and r of the grid 0, 1/steps, … the one that loses least after rounding. r = 0 is no scaling, so
 * the result never loses more than plain rounding.
 *
 * <p>All readers of one norm share the scale: for a Mixture-of-Experts layer the loss is summed over the router (which stays exact, but
 * must be folded) and every expert; see {@link RoundingLoss}.
 *
 * @param steps grid points, published: 20
 */
public record AwqScale(int steps) {
    /** The published grid. */
    public static final AwqScale DEFAULT = new AwqScale(20);

    private static final double LEAST = 1e-4;

    public AwqScale {
        if (steps < 1) {
            throw new IllegalArgumentException("a grid of " + steps + " steps");
        }
    }

    /**
     * The best of the grid.
     *
     * @param exponent r
     * @param scale [channels], to be folded: weights times, their producer divided by it
     * @param loss with it
     * @param plainLoss without scaling
     */
    public record Result(double exponent, float[] scale, double loss, double plainLoss) {}

    /** Searches; {@code meanMagnitude}: mean |x| per channel; {@code loss}: of rounding after scaling by its argument. */
    public Result search(float[] meanMagnitude, ToDoubleFunction<float[]> loss) {
        Result best = null;
        for (int i = 0; i < steps; i++) {
            double exponent = i / (double) steps;
            float[] scale = scale(meanMagnitude, exponent);
            double value = loss.applyAsDouble(scale);
            if (Double.isNaN(value)) {
                throw new IllegalArgumentException("loss at exponent " + exponent + " is NaN; the weights or statistics hold NaN");
            }
            if (best == null) {
                best = new Result(exponent, scale, value, value);
            } else if (value < best.loss) {
                best = new Result(exponent, scale, value, best.plainLoss);
            }
        }
        return best;
    }

    /** The scale for one exponent; all ones for 0. */
    public static float[] scale(float[] meanMagnitude, double exponent) {
        double[] powers = new double[meanMagnitude.length];
        double largest = 0;
        double smallest = Double.POSITIVE_INFINITY;
        for (int j = 0; j < powers.length; j++) {
            if (!(meanMagnitude[j] >= 0 && meanMagnitude[j] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("mean magnitude of channel " + j + " is " + meanMagnitude[j]);
            }
            powers[j] = Math.max(Math.pow(meanMagnitude[j], exponent), LEAST);
            largest = Math.max(largest, powers[j]);
            smallest = Math.min(smallest, powers[j]);
        }
        float[] scale = new float[powers.length];
        for (int j = 0; j < scale.length; j++) {
            scale[j] = (float) (powers[j] / Math.sqrt(largest * smallest));
        }
        return scale;
    }
}
