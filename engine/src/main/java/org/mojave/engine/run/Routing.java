package org.mojave.engine.run;

/**
 * The experts that each token of a batch chose, by descending weight.
 *
 * <p>Arrays are reused by the next layer: copy what you keep.
 *
 * @param tokens tokens of the batch, in batch order
 * @param chosen experts per token
 * @param logits router logits before score and bias [tokens, experts]
 * @param experts expert numbers [tokens, chosen]
 * @param weights the factors applied [tokens, chosen]
 */
public record Routing(int tokens, int chosen, float[] logits, int[] experts, float[] weights) {
    /** The factor of an expert for a token; 0 if the token did not choose it. */
    public float weight(int token, int expert) {
        for (int slot = token * chosen; slot < (token + 1) * chosen; slot++) {
            if (experts[slot] == expert) {
                return weights[slot];
            }
        }
        return 0;
    }
}
