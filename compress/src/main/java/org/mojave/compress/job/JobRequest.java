package org.mojave.compress.job;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;

/**
 * A wish for one compressed model.
 *
 * @param model folder of the original
 * @param output folder of the result
 * @param recipe what to do
 * @param statistics folder that mojave calibrate made of this model, in place of calibration text
 * @param tokens calibration tokens instead of the recipe's text files, for callers that have their own
 * @param evaluation text files on which perplexity is measured before and after; none: not measured
 * @param limits what the job may use; none of it changes a bit of the result
 * @param pruning whether the result also gets thresholds for skipping experts ({@link PruningJob})
 */
public record JobRequest(Path model, Path output, Recipe recipe, Optional<Path> statistics, Optional<TokenSequences> tokens,
        List<Path> evaluation, Limits limits, boolean pruning) {
    public JobRequest {
        evaluation = List.copyOf(evaluation);
    }

    /** Without thresholds for skipping experts. */
    public JobRequest(Path model, Path output, Recipe recipe, Optional<Path> statistics, Optional<TokenSequences> tokens,
            List<Path> evaluation, Limits limits) {
        this(model, output, recipe, statistics, tokens, evaluation, limits, false);
    }

    /** Calibrated with text or tokens. */
    public JobRequest(Path model, Path output, Recipe recipe, Optional<TokenSequences> tokens, List<Path> evaluation, Limits limits) {
        this(model, output, recipe, Optional.empty(), tokens, evaluation, limits);
    }

    /** This request with statistics in place of calibration text. */
    public JobRequest withStatistics(Path folder) {
        return new JobRequest(model, output, recipe, Optional.of(folder), tokens, evaluation, limits, pruning);
    }

    /** How the thresholds of a folder with this request's model would be found. */
    PruningJob.Request pruningOf(Path folder) {
        return new PruningJob.Request(folder, recipe.calibration(), limits.threads(), recipe.seed());
    }

    /** This request, whose result gets thresholds for skipping experts, or not. */
    public JobRequest withPruning(boolean wanted) {
        return new JobRequest(model, output, recipe, statistics, tokens, evaluation, limits, wanted);
    }

    /**
     * What a job may use and do.
     *
     * @param memoryBytes of the whole process; 0 leaves it to the heap that the JVM was given
     * @param threads for arithmetic
     * @param strict whether an event that degrades the result ends the job
     * @param overwrite whether an older result in the output folder, finished or not, is replaced
     */
    public record Limits(long memoryBytes, int threads, boolean strict, boolean overwrite) {
        public Limits {
            if (memoryBytes < 0) {
                throw new RecipeException("--memory must be positive, not " + memoryBytes);
            }
            if (threads < 1) {
                throw new RecipeException("--threads must be at least 1, not " + threads);
            }
        }
    }
}
