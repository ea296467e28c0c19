package org.mojave.compress.recipe;

import java.util.Optional;
import org.mojave.compress.smooth.SmoothingMode;
import org.mojave.engine.kernel.ActivationScheme;

/**
 * What is done to a model beside choosing codes: its weights rewritten beforehand so that it computes the same and quantizes better, its
 * routers rounded, its activations to be rounded when it runs.
 *
 * @param smoothing how the experts' wishes become one scale for the inputs of a layer's networks; queries, keys and values get theirs
 *     along with it; empty for none (EAQuant, arXiv 2506.13329)
 * @param strength α of the smoothing: how much of the activations' range moves into the weights, 0 to 1
 * @param outlierScaling whether channels of a down projection's inputs that lie far outside the others are scaled down
 * @param rotation whether the states between the layers are turned by a Hadamard matrix
 * @param router how routers are rounded; empty to leave them as they are
 * @param activations what activations the result is meant for, and measured with; empty for floats
 */
public record Transformation(Optional<SmoothingMode> smoothing, double strength, boolean outlierScaling, boolean rotation,
        Optional<RouterRounding> router, Optional<ActivationScheme> activations) {
    /** EAQuant's α. */
    public static final double USUAL_STRENGTH = 0.6;
    /** Nothing is done. */
    public static final Transformation NONE = new Transformation(Optional.empty(), USUAL_STRENGTH, false, false, Optional.empty(),
            Optional.empty());

    public Transformation {
        if (!(strength >= 0 && strength <= 1)) {
            throw new RecipeException("--smoothing-strength must be between 0 and 1, not " + strength);
        }
        if (smoothing.isPresent() && rotation) {
            throw new RecipeException("a rotation takes the norms' weights away, and the smoothing with them; give --smoothing or --rotation");
        }
    }

    /**
     * Router calibration: each row of a router is rounded with a range that keeps the original's choices.
     *
     * @param bits of a router's weight, 2 to 8
     * @param breadth share of the experts that are not chosen whose logits count too: 0 none (EAQuant's setting), 1 all
     */
    public record RouterRounding(int bits, double breadth) {
        public RouterRounding {
            if (bits < 2 || bits > 8) {
                throw new RecipeException("--router-bits must be 2 to 8, not " + bits);
            }
            if (!(breadth >= 0 && breadth <= 1)) {
                throw new RecipeException("--router-breadth must be between 0 and 1, not " + breadth);
            }
        }
    }

    /** Whether weights are rewritten before they are quantized. */
    public boolean rewrites() {
        return needsExtremes() || rotation;
    }

    /** Whether the original is looked at beforehand, with text. */
    public boolean needsExtremes() {
        return smoothing.isPresent() || outlierScaling;
    }

    /** Whether text is needed even where codes are chosen without. */
    public boolean needsText() {
        return needsExtremes() || router.isPresent();
    }
}
