package org.mojave.cli;

import java.nio.file.Path;
import java.util.List;
import org.mojave.cli.terminal.Console;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.sample.BeamSettings;
import org.mojave.compress.sample.SamplingRequest;
import org.mojave.compress.sample.SelfSampling;

/**
 * Calibration text that a model writes itself before it is compressed ({@code compress --sample}): the same as {@code mojave sample} and then
 * {@code compress --calibration}.
 *
 * @param model folder of the model
 * @param file where its tokens are kept; those that the same wish made before are taken again
 * @param limits what the work may use
 */
record SelfWrittenText(Path model, Path file, SamplingRequest.Limits limits) {
    private static final int TOGETHER = 16;

    /** For {@code compress} and {@code calibrate}: beside the result, so that an interrupted job finds it again. */
    static SelfWrittenText beside(Path output, Path model, long memoryBytes, int threads, boolean overwrite) {
        return new SelfWrittenText(model, output.resolveSibling(output.getFileName() + "-tokens.json"),
                new SamplingRequest.Limits(MemoryBudget.ofProcess(memoryBytes), threads, overwrite));
    }

    /** The recipe, reading what the model wrote. */
    Recipe with(Recipe recipe, Console console) {
        CalibrationWish wish = recipe.calibration();
        BeamSettings usual = BeamSettings.DEFAULT;
        BeamSettings settings = new BeamSettings(wish.length(), usual.width(), usual.tau(), usual.ngram(), usual.run());
        try (SamplingProgress shown = new SamplingProgress(console)) {
            SelfSampling.runOnce(new SamplingRequest(model, file, settings, wish.sequences(), TOGETHER, recipe.seed(), limits), shown);
        }
        console.note("The model's own text: " + file + ", for --calibration.");
        return recipe.with(new CalibrationWish(List.of(file), wish.sequences(), wish.length()));
    }
}
