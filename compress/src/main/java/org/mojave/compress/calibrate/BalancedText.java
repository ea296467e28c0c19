package org.mojave.compress.calibrate;

import java.util.List;
import org.mojave.compress.statistics.BalancedSelection;
import org.mojave.compress.statistics.ExpertHistogram;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.ModelSpec;

/**
 * Sequences chosen from a pool so that every expert gets enough tokens.
 *
 * @param tokens chosen, in the order of choice
 * @param pool sequences that there were to choose from
 * @param requiredTokens r·k·N/E, wanted for each expert
 * @param shortExperts experts, counted in every layer, that have fewer because the pool ended
 * @param use of the experts by the chosen sequences
 */
public record BalancedText(TokenSequences tokens, int pool, int requiredTokens, int shortExperts, ExpertHistogram use) {
    /** Sequences looked at for each one wanted. */
    public static final int POOL_FACTOR = 4;

    /**
     * Chooses from a pool with its {@linkplain RouterSurvey survey}: N tokens are {@code wanted}, and each expert shall get r times its even
     * share.
     */
    public static BalancedText choose(TokenSequences pool, List<ExpertHistogram> survey, ModelSpec spec, double r, long wanted) {
        FeedForward.Mixture mixture = spec.layers().stream().map(layer -> layer.feedForward())
                .filter(FeedForward.Mixture.class::isInstance).map(FeedForward.Mixture.class::cast).findFirst().orElseThrow();
        BalancedSelection selection = BalancedSelection.of(r, mixture.router().chosen(), wanted, RouterSurvey.experts(spec));
        BalancedSelection.Result result = selection.choose(survey);
        TokenSequences chosen = new TokenSequences(result.sequences().stream().map(pool.sequences()::get).toList());
        return new BalancedText(chosen, pool.count(), selection.requiredTokens(), result.shortExperts(), result.total());
    }
}
