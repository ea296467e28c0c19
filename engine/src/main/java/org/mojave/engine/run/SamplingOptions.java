package org.mojave.engine.run;

/**
 * How the next token is drawn. Steps are taken in the order of transformers: repetition penalty, temperature, top-k, top-p,
 * min-p.
 *
 * @param temperature 0 takes the most probable token always; else logits are divided by it
 * @param topK only this many of the most probable tokens, or 0 for all
 * @param topP only the most probable tokens that together reach this probability, in (0, 1]
 * @param minP only tokens at least this probable relative to the most probable one, in [0, 1]
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens that stand in the text already
 *     (Keskar et al. 2019, CTRL, section 4.1); 1 for none
 */
public record SamplingOptions(float temperature, int topK, float topP, float minP, float repetitionPenalty) {
    /** The most probable token always. */
    public static final SamplingOptions GREEDY = new SamplingOptions(0, 0, 1, 0, 1);

    /** Checks the ranges. */
    public SamplingOptions {
        if (!(temperature >= 0) || temperature == Float.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("the temperature must be 0 or more, not " + temperature);
        }
        if (topK < 0) {
            throw new IllegalArgumentException("top-k must be 0 (all) or more, not " + topK);
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("top-p must be above 0 and at most 1, not " + topP);
        }
        if (!(minP >= 0 && minP <= 1)) {
            throw new IllegalArgumentException("min-p must be between 0 and 1, not " + minP);
        }
        if (!(repetitionPenalty > 0) || repetitionPenalty == Float.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("the repetition penalty must be above 0 (1 is none), not " + repetitionPenalty);
        }
    }
}
