package org.mojave.compress.sample;

import java.nio.file.Path;
import org.mojave.compress.recipe.RecipeException;

/**
 * A wish for sequences that a model writes itself.
 *
 * @param model folder of the model, or a GGUF file
 * @param output file of tokens to write
 * @param settings of the search
 * @param sequences how many
 * @param together how many are searched for at a time: more are faster and take more memory. It may change tokens, because a product with
 *     more rows can round differently
 * @param seed of every random choice
 * @param limits what the work may use; none of it changes a token
 */
public record SamplingRequest(Path model, Path output, BeamSettings settings, int sequences, int together, long seed,
        Limits limits) {
    public SamplingRequest {
        if (sequences < 1) {
            throw new RecipeException("--sequences must be at least 1, not " + sequences);
        }
        if (together < 1) {
            throw new RecipeException("--together must be at least 1, not " + together);
        }
    }

    /**
     * What the work may use and do.
     *
     * @param bufferBytes for caches and activations
     * @param threads for arithmetic
     * @param overwrite whether older tokens in the output file, finished or not, are replaced
     */
    public record Limits(long bufferBytes, int threads, boolean overwrite) {}
}
