package org.mojave.compress.route;

/**
 * A router with calibration tokens: what it reads now, and what the original router said for them.
 *
 * <p>Arrays are the caller's and are only read.
 *
 * @param weight [experts, hidden]
 * @param inputs [tokens, hidden] as the compressed model delivers them
 * @param logits [tokens, experts] of the original model, without bias
 * @param experts routed experts
 */
public record RouterSample(float[] weight, float[] inputs, float[] logits, int experts) {
    public RouterSample {
        if (experts < 1 || weight.length == 0 || weight.length % experts != 0 || logits.length % experts != 0
                || (long) logits.length / experts * (weight.length / experts) != inputs.length) {
            throw new IllegalArgumentException("router of " + weight.length + " weights and " + experts + " experts does not fit "
                    + inputs.length + " inputs and " + logits.length + " logits");
        }
    }

    /** Inputs of the router. */
    public int hidden() {
        return weight.length / experts;
    }

    /** Calibration tokens. */
    public int tokens() {
        return logits.length / experts;
    }

    /** {@code inputs · wᵀ} [tokens, experts] for some weight of the router's shape. */
    public float[] outputs(float[] routerWeight) {
        float[] outputs = new float[logits.length];
        for (int t = 0; t < tokens(); t++) {
            for (int e = 0; e < experts; e++) {
                outputs[t * experts + e] = (float) dot(inputs, t * hidden(), routerWeight, e * hidden(), hidden());
            }
        }
        return outputs;
    }

    static double dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            sum += (double) a[aOffset + i] * b[bOffset + i];
        }
        return sum;
    }
}
