package org.mojave.engine.model;

/**
 * Constant factors of Granite.
 *
 * @param embedding multiplies the token embedding
 * @param residual multiplies each half-layer's output before it is added
 * @param logits divides the logits
 */
public record Multipliers(double embedding, double residual, double logits) {
    /** All 1. */
    public static final Multipliers NONE = new Multipliers(1, 1, 1);
}
