package org.mojave.compress.quantize;

import org.mojave.format.packed.Scheme;

/**
 * A way to choose codes for a matrix. Implementations are immutable, run on the calling thread, and may be used by several
 * threads at once; rows are independent of each other, so a large matrix may be quantized in pieces of whole rows.
 *
 * <p>Example: {@code new Gptq().quantize(weights, Hessian.of(gram), Scheme.parse("4g128s")).coded()}.
 */
public interface Quantizer {
    /** What a quantizer must be given besides the weights. */
    enum Requirement {
        /** Nothing: {@link Statistics#NONE} will do. */
        NOTHING,
        /** A {@link Hessian}, or a {@link HessianFactor} made from one. */
        HESSIAN
    }

    /** What {@link #quantize} needs. */
    Requirement requires();

    /**
     * Chooses codes, scales and zeros. Every departure from the plain method is an event of the result.
     *
     * @throws IllegalArgumentException if a weight is not finite, statistics of the required kind are missing or have
     *     another number of columns, or a scale does not fit its storage; the message names the matrix
     */
    QuantizedMatrix quantize(WeightMatrix weights, Statistics statistics, Scheme scheme);
}
