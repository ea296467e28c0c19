package org.mojave.compress.smooth;

import java.util.Arrays;

/**
 * The rule that makes one scale for all readers of a norm.
 *
 * <p>The router's own scale takes part by default: the published code leaves it out unless asked, so that the router's inputs may be
 * scaled against its weights. A shared expert's scale always enters by maximum.
 *
 * @param aggregation over the routed experts
 * @param router whether the result is at least the router's scale
 */
public record SmoothingMode(Aggregation aggregation, boolean router) {
    /** Maximum over experts and router. */
    public static final SmoothingMode DEFAULT = new SmoothingMode(Aggregation.MAXIMUM, true);

    private static final String ROUTER_SUFFIX = "_gate";

    /** Reads EAQuant's spelling: {@code max_gate}, {@code sum2_1}; a prefix {@code all_} changes nothing there and is accepted. */
    public static SmoothingMode parse(String text) {
        String name = text.startsWith("all_") ? text.substring(4) : text;
        boolean router = name.endsWith(ROUTER_SUFFIX);
        String wireName = router ? name.substring(0, name.length() - ROUTER_SUFFIX.length()) : name;
        for (Aggregation aggregation : Aggregation.values()) {
            if (aggregation.wireName().equals(wireName)) {
                return new SmoothingMode(aggregation, router);
            }
        }
        throw new IllegalArgumentException("not a smoothing mode: '" + text + "' (expected one of "
                + Arrays.stream(Aggregation.values()).map(Aggregation::wireName).toList() + ", with or without _gate)");
    }

    /** EAQuant's spelling, which {@link #parse} reads. */
    public String text() {
        return aggregation.wireName() + (router ? ROUTER_SUFFIX : "");
    }

    /** The shared scale, [channels]. */
    public float[] merge(SmoothingScales scales) {
        double[] weights = aggregation.weights(scales);
        float[] merged = new float[scales.router().length];
        for (int j = 0; j < merged.length; j++) {
            double largest = 0;
            double sum = 0;
            for (int e = 0; e < weights.length; e++) {
                float wish = scales.experts().get(e).scale()[j];
                largest = Math.max(largest, wish);
                sum += weights[e] * wish;
            }
            merged[j] = (float) (aggregation == Aggregation.MAXIMUM ? largest : sum);
            if (scales.shared().isPresent()) {
                merged[j] = Math.max(merged[j], scales.shared().get()[j]);
            }
            if (router) {
                merged[j] = Math.max(merged[j], scales.router()[j]);
            }
        }
        return merged;
    }
}
