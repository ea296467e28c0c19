package org.mojave.engine.evaluate;

import java.util.function.DoubleUnaryOperator;

/**
 * A mean over windows with its standard error (standard deviation of the windows' means over the root of their number). The
 * error is NaN where there is one window only.
 */
public record Estimate(double mean, double standardError) {
    /** Two-sided 95 % of the normal distribution. */
    private static final double NORMAL_95 = 1.959963984540054;

    /** The mean of the windows' means; every window counts the same. */
    static Estimate of(double[] means, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += means[i];
        }
        double mean = sum / count;
        double squares = 0;
        for (int i = 0; i < count; i++) {
            squares += (means[i] - mean) * (means[i] - mean);
        }
        return new Estimate(mean, count > 1 ? Math.sqrt(squares / (count - 1) / count) : Double.NaN);
    }

    /** Lower end of the 95 % confidence interval. */
    public double low() {
        return mean - NORMAL_95 * standardError;
    }

    /** Upper end of the 95 % confidence interval. */
    public double high() {
        return mean + NORMAL_95 * standardError;
    }

    /** The interval under an increasing function: {@code loss.mapped(Math::exp)} is that of the perplexity. */
    public Interval mapped(DoubleUnaryOperator increasing) {
        return new Interval(increasing.applyAsDouble(mean), increasing.applyAsDouble(low()), increasing.applyAsDouble(high()));
    }

    /** A value with the ends of its 95 % confidence interval. */
    public record Interval(double value, double low, double high) {}
}
