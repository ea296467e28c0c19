package org.mojave.engine.evaluate;

import java.util.Optional;

/**
 * What was measured on one text.
 *
 * @param tokens tokens of the whole text
 * @param windows windows that were run
 * @param predicted tokens that counted
 * @param loss mean negative log-likelihood in nats a token
 * @param comparison against the base model, where there was one
 */
public record Evaluation(long tokens, int windows, long predicted, Estimate loss, Optional<Comparison> comparison) {
    /** exp(loss), with its confidence interval. */
    public Estimate.Interval perplexity() {
        return loss.mapped(Math::exp);
    }

    /**
     * A model against its base, on the same tokens.
     *
     * @param baseLoss the base's loss
     * @param lossDifference model's loss − base's loss, paired by window
     * @param divergence mean Kullback-Leibler divergence of the model's distribution from the base's,
     *     Σ p_base · (log p_base − log p_model), in nats a token
     * @param largestDivergence the largest of a token
     * @param agreement share of positions where both find the same token most probable
     */
    public record Comparison(Estimate baseLoss, Estimate lossDifference, Estimate divergence, double largestDivergence,
            Estimate agreement) {
        /** The base's perplexity. */
        public Estimate.Interval basePerplexity() {
            return baseLoss.mapped(Math::exp);
        }

        /** Perplexity of the model over that of the base, with the interval of the paired difference. */
        public Estimate.Interval perplexityRatio() {
            return lossDifference.mapped(Math::exp);
        }
    }
}
