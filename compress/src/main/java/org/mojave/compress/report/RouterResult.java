package org.mojave.compress.report;

/**
 * How far a layer's router, reading the quantized model's states, still says what the original said on the calibration tokens.
 *
 * @param router name of the matrix
 * @param tokens compared
 * @param repaired whether the repaired router (or, of a rounded one, the calibrated ranges) was written; it is not where it would agree less
 * @param before with the original's weights; of a rounded router with the whole range of each row
 * @param after with the repaired ones; of a rounded router with calibrated ranges
 */
public record RouterResult(String router, long tokens, boolean repaired, Agreement before, Agreement after) {
    /**
     * Agreement by logits, corrections of the choice left aside.
     *
     * @param kept mean share of the chosen experts that are chosen again
     * @param divergence mean KL divergence of the original's distribution over all experts, nats
     */
    public record Agreement(double kept, double divergence) {}
}
