package org.mojave.compress.smooth;

import java.util.Arrays;

/** How the scales that single experts would like become one scale for all. The spelling is that of EAQuant's settings. */
public enum Aggregation {
    /** The largest (the published setting). */
    MAXIMUM("max"),
    /** Weighted by the share of routed tokens. */
    BY_TOKENS("sum1"),
    /** Weighted by the softmax of the root of the weight-outlier scores. */
    BY_OUTLIER_ROOT_SOFTMAX("sum2_0"),
    /** Weighted by the softmax of the weight-outlier scores. */
    BY_OUTLIER_SOFTMAX("sum2_1"),
    /** Weighted by the share of the root of the weight-outlier scores. */
    BY_OUTLIER_ROOT("sum2_2"),
    /** Weighted by the share of the weight-outlier scores. */
    BY_OUTLIER("sum2_3"),
    /** Weighted by the mean router probability. */
    BY_ROUTER("sum3");

    private final String wireName;

    Aggregation(String wireName) {
        this.wireName = wireName;
    }

    /** The spelling in settings. */
    public String wireName() {
        return wireName;
    }

    /** Weight of each expert; for {@link #MAXIMUM} all equal, and unused. */
    double[] weights(SmoothingScales scales) {
        int experts = scales.experts().size();
        double[] outlier = scales.experts().stream().mapToDouble(SmoothingScales.Expert::outlierScore).toArray();
        return switch (this) {
            case MAXIMUM -> Arrays.stream(new double[experts]).map(w -> 1.0 / experts).toArray();
            case BY_TOKENS -> scales.experts().stream().mapToDouble(e -> e.tokens() / (double) scales.routedSlots()).toArray();
            case BY_OUTLIER_ROOT_SOFTMAX -> softmax(roots(outlier));
            case BY_OUTLIER_SOFTMAX -> softmax(outlier);
            case BY_OUTLIER_ROOT -> shares(roots(outlier));
            case BY_OUTLIER -> shares(outlier);
            case BY_ROUTER -> scales.experts().stream().mapToDouble(SmoothingScales.Expert::routerProbability).toArray();
        };
    }

    private static double[] roots(double[] values) {
        return Arrays.stream(values).map(Math::sqrt).toArray();
    }

    private static double[] softmax(double[] values) {
        double largest = Arrays.stream(values).max().orElseThrow();
        return shares(Arrays.stream(values).map(v -> Math.exp(v - largest)).toArray());
    }

    private static double[] shares(double[] values) {
        double sum = Arrays.stream(values).sum();
        if (!(sum > 0)) {
            throw new IllegalArgumentException("weight-outlier scores sum to " + sum + "; choose another aggregation");
        }
        return Arrays.stream(values).map(v -> v / sum).toArray();
    }
}
