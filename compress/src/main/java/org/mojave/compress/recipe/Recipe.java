package org.mojave.compress.recipe;

import org.mojave.format.packed.Scheme;

/**
 * What the user asked: one scheme for every matrix of the layers, another for embedding and head.
 *
 * <p>Example: {@code new Recipe(Method.GPTQ, Scheme.parse("4g128a"), 8, CalibrationWish.DEFAULT, 0)}.
 *
 * @param method how codes are chosen
 * @param scheme scheme of attention, expert, shared-expert and dense matrices
 * @param vocabularyBits bits of embedding and head: 8, or {@link #KEEP} to keep them as they are
 * @param calibration which text
 * @param fitting how codes follow the activations; means nothing to rounding
 * @param seed seed of every random choice
 */
public record Recipe(Method method, Scheme scheme, int vocabularyBits, CalibrationWish calibration, Fitting fitting, long seed) {
    /** Value of {@link #vocabularyBits} that keeps embedding and head in their original storage. */
    public static final int KEEP = 16;

    public Recipe {
        if (vocabularyBits != 8 && vocabularyBits != KEEP) {
            throw new RecipeException("embedding and head are stored with 8 or " + KEEP + " bits, not " + vocabularyBits);
        }
        if (scheme.bits() == 1) {
            throw new RecipeException("1 bit is only useful mixed with wider experts; write --bits 2, 3, 4 or 8");
        }
    }

    /** With the default fitting. */
    public Recipe(Method method, Scheme scheme, int vocabularyBits, CalibrationWish calibration, long seed) {
        this(method, scheme, vocabularyBits, calibration, Fitting.DEFAULT, seed);
    }

    /** Scheme of a quantized embedding or head: rounded at 8 bits, symmetric, with the groups of {@link #scheme}. */
    public Scheme vocabularyScheme() {
        return new Scheme(8, scheme.groupSize(), true);
    }
}
