package org.mojave.compress.calibrate;

import java.util.Arrays;
import java.util.List;
import org.mojave.compress.recipe.CalibrationWish;
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
 * @param shortExperts experts, counted in every layer, that have fewer because the pool ended or no more sequences were allowed
 * @param use of the experts by the chosen sequences
 */
public record BalancedText(TokenSequences tokens, int pool, int requiredTokens, int shortExperts, ExpertHistogram use) {
    /** Sequences looked at for each one wanted. */
    public static final int POOL_FACTOR = 4;

    /** Chooses from a pool with its {@linkplain RouterSurvey survey}, as the wish for balance says. */
    public static BalancedText choose(TokenSequences pool, List<ExpertHistogram> survey, ModelSpec spec, CalibrationWish wish) {
        FeedForward.Mixture mixture = spec.layers().stream().map(layer -> layer.feedForward())
                .filter(FeedForward.Mixture.class::isInstance).map(FeedForward.Mixture.class::cast).findFirst().orElseThrow();
        BalancedSelection selection = BalancedSelection.of(wish.balance(), mixture.router().chosen(),
                (long) wish.sequences() * pool.length(), RouterSurvey.experts(spec));
        List<Integer> order = selection.choose(survey).sequences();
        List<Integer> chosen = wish.most() == 0 ? order : order.subList(0, Math.min(wish.most(), order.size()));
        ExpertHistogram use = chosen.stream().map(survey::get).reduce(ExpertHistogram::plus).orElseThrow();
        int shortExperts = (int) Arrays.stream(use.counts()).filter(count -> count < selection.requiredTokens()).count();
        return new BalancedText(new TokenSequences(chosen.stream().map(pool.sequences()::get).toList()), pool.count(),
                selection.requiredTokens(), shortExperts, use);
    }
}
