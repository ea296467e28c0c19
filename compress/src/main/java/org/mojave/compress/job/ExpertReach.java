package org.mojave.compress.job;

import java.util.List;
import java.util.Optional;
import org.mojave.compress.calibrate.BalancedText;
import org.mojave.compress.calibrate.RouterSurvey;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.statistics.ExpertHistogram;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.ModelSpec;

/**
 * Looks, before the work, whether the calibration text reaches every expert: under {@code --strict} one that it does not reach would end the
 * job in the middle. The original's choices are looked at; those of the quantized model, which the job sees, can still differ.
 *
 * @param request the wish
 * @param source the original
 * @param listener hears progress
 */
record ExpertReach(JobRequest request, SourceModel source, JobListener listener) {
    /** Throws {@link VerificationException} that names the first expert without a token; does nothing where that is not forbidden. */
    void require(JobTokens tokens, Optional<WorkFolder> folder) {
        Recipe recipe = request.recipe();
        ModelSpec spec = source.spec();
        boolean matters = request.limits().strict() && recipe.method().calibrates() && request.statistics().isEmpty() && RouterSurvey.experts(spec) > 0;
        if (!matters || !Preparation.journaled(request, folder, source, tokens.sequences().digest()).isEmpty()) {
            return;
        }
        ExpertHistogram use = tokens.balance().map(BalancedText::use).orElseGet(() -> survey(tokens));
        int mixture = 0;
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            if (spec.layer(layer).feedForward() instanceof FeedForward.Mixture mixed) {
                for (int expert = 0; expert < mixed.router().experts(); expert++) {
                    if (use.counts()[mixture * use.experts() + expert] == 0) {
                        throw new VerificationException("layers." + layer + ".experts." + expert + ": no calibration token of "
                                + tokens.sequences().count() + " × " + tokens.sequences().length() + " reaches it, and --strict allows no such "
                                + "thing; give more --sequences, other --calibration, --balance or --sample");
                    }
                }
                mixture++;
            }
        }
    }

    private ExpertHistogram survey(JobTokens tokens) {
        List<ExpertHistogram> all = JobTokens.survey(request, source.model(), tokens.sequences(), "survey", listener);
        return all.stream().reduce(ExpertHistogram::plus).orElseThrow();
    }
}
