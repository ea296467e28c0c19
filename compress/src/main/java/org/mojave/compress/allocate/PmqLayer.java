package org.mojave.compress.allocate;

/**
 * What Mixture Compressor measures about the experts of one layer (arXiv 2410.06270, PMQ).
 *
 * <p>Arrays are owned by the caller and must not change while the record is in use.
 *
 * @param frequency [experts] tokens routed to the expert
 * @param weight [experts] summed routing weight of those tokens
 * @param error [experts, widths] output error of the layer with that expert alone at that width
 */
public record PmqLayer(double[] frequency, double[] weight, double[][] error) {
    public PmqLayer {
        int experts = frequency.length;
        if (experts == 0 || weight.length != experts || error.length != experts) {
            throw new IllegalArgumentException("frequency, weight and error cover " + experts + ", " + weight.length + " and "
                    + error.length + " experts");
        }
        for (int e = 0; e < experts; e++) {
            requireMagnitude("frequency", e, frequency[e]);
            requireMagnitude("weight", e, weight[e]);
            for (double value : error[e]) {
                requireMagnitude("error", e, value);
            }
        }
    }

    private static void requireMagnitude(String what, int expert, double value) {
        if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(what + " of expert " + expert + " is " + value);
        }
    }

    /** Experts in the layer. */
    public int experts() {
        return frequency.length;
    }
}
