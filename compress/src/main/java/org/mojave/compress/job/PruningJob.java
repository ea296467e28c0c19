package org.mojave.compress.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.PruningThresholds;
import org.mojave.engine.run.ThresholdSurvey;
import org.mojave.format.packed.Scheme;

/**
 * Writes thresholds for skipping experts into a model's folder, from the weights that its own routers, as they are stored, give to the
 * experts of a text's tokens.
 */
public final class PruningJob {
    /** Tokens that are computed together: each call reads every weight once. */
    private static final int CALL_TOKENS = 2048;

    private PruningJob() {}

    /**
     * What to look at.
     *
     * @param model folder, where {@code pruning.json} is replaced
     * @param text to run
     * @param threads that work
     * @param seed chooses the sequences
     */
    public record Request(Path model, CalibrationWish text, int threads, long seed) {}

    /** Runs the text. Throws {@link RecipeException} for a model that chooses one expert per token, or without text. */
    public static PruningThresholds run(Request request, JobListener listener) {
        try (Model model = Model.open(request.model()); Workers workers = new Workers(request.threads())) {
            TokenSequences text = text(request, model, listener);
            Decoder decoder = new Decoder(model, workers);
            ThresholdSurvey survey = new ThresholdSurvey();
            int together = Math.max(1, CALL_TOKENS / text.length());
            listener.started("routes", text.count());
            for (int first = 0; first < text.count(); first += together) {
                List<Decoder.Chunk> chunks = new ArrayList<>();
                for (int[] sequence : text.sequences().subList(first, Math.min(text.count(), first + together))) {
                    chunks.add(new Decoder.Chunk(decoder.newCache(sequence.length), sequence));
                }
                decoder.last(chunks, survey);
                listener.advanced(chunks.size(), "");
            }
            PruningThresholds thresholds = survey.thresholds();
            if (thresholds.layers().isEmpty()) {
                throw nothingToSkip(request.model());
            }
            thresholds.write(request.model());
            return thresholds;
        }
    }

    /** Throws what {@link #run} would throw for that model and text, without running them: better known before a job than after it. */
    static void requirePossible(Request request, Model model) {
        boolean several = model.spec().layers().stream().anyMatch(layer -> layer.feedForward() instanceof FeedForward.Mixture mixture
                && mixture.router().chosen() > 1);
        if (!several) {
            throw nothingToSkip(request.model());
        }
        text(request, model, JobListener.NONE);
    }

    private static TokenSequences text(Request request, Model model, JobListener listener) {
        // The recipe only says that text is wanted; nothing is quantized.
        Recipe recipe = new Recipe(Method.GPTQ, new Scheme(4, Scheme.WHOLE_ROW, true), Recipe.KEEP, request.text(), Fitting.PLAIN,
                request.seed());
        JobRequest wish = new JobRequest(request.model(), request.model(), recipe, Optional.empty(), List.of(),
                new JobRequest.Limits(0, request.threads(), false, false));
        return JobTokens.of(wish, model, listener).sequences();
    }

    private static RecipeException nothingToSkip(Path model) {
        return new RecipeException(model + ": no layer chooses several experts per token, so there is nothing to skip");
    }
}
