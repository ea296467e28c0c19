package org.mojave.compress.sample;

import org.mojave.compress.recipe.RecipeException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * How sequences are searched for.
 *
 * @param length tokens of a sequence, a begin-of-sequence token included
 * @param width beams that are followed
 * @param tau temperature of the balance: the smaller, the more balance counts against probability
 * @param ngram no sequence of this many tokens appears twice; 0 for no such guard
 * @param run no token appears more often than this in a row; 0 for no such guard
 */
public record BeamSettings(int length, int width, double tau, int ngram, int run) {
    /** Width, τ and length of the paper; guards as public re-implementations need them. */
    public static final BeamSettings DEFAULT = new BeamSettings(512, 4, 1.2, 4, 3);

    /** Tokens that are drawn after the random start, before the search begins. */
    static final int DRAWN = 2;

    public BeamSettings {
        if (length < DRAWN + 2) {
            throw new RecipeException("--length must be at least " + (DRAWN + 2) + " tokens, not " + length);
        }
        if (width < 1 || width > 64) {
            throw new RecipeException("--width must be between 1 and 64, not " + width);
        }
        if (!(tau > 0 && tau < Double.POSITIVE_INFINITY)) {
            throw new RecipeException("--tau must be above 0, not " + tau);
        }
        if (ngram < 0 || ngram == 1) {
            throw new RecipeException("--ngram must be 2 or more, or 0 for no such guard, not " + ngram);
        }
        if (run < 0) {
            throw new RecipeException("--run must be 1 or more, or 0 for no such guard, not " + run);
        }
    }

    /** As JSON. */
    ObjectNode json() {
        return JsonMapper.shared().createObjectNode().put("method", "ebss").put("length", length).put("width", width).put("tau", tau)
                .put("ngram", ngram).put("run", run);
    }
}
