package org.mojave.compress.recipe;

import java.nio.file.Path;
import java.util.List;

/**
 * Which text the activations come from.
 *
 * @param files text files in UTF-8; empty asks for the text that comes with the program
 * @param sequences token sequences wanted; fewer are taken where the text or the model has less
 * @param length tokens of a sequence; cut to the model's context
 * @param balance r: sequences are chosen, from more than are wanted, until every expert has r times its even share of the wanted tokens;
 *     0 takes them as they come
 * @param most sequences are chosen at most for the balance; 0: as many as it takes
 */
public record CalibrationWish(List<Path> files, int sequences, int length, double balance, int most) {
    /** Used where nothing is said. */
    public static final CalibrationWish DEFAULT = new CalibrationWish(List.of(), 128, 256);

    /** As the text comes. */
    public CalibrationWish(List<Path> files, int sequences, int length) {
        this(files, sequences, length, 0, 0);
    }

    public CalibrationWish {
        files = List.copyOf(files);
        if (sequences < 1) {
            throw new RecipeException("--sequences must be at least 1, not " + sequences);
        }
        if (length < 2) {
            throw new RecipeException("--length must be at least 2 tokens, not " + length);
        }
        if (!(balance >= 0 && balance <= 1000)) {
            throw new RecipeException("--balance must be between 0 and 1000 times the even share, not " + balance);
        }
        if (most < 0) {
            throw new RecipeException("--balance-most must be at least 1, not " + most);
        }
    }
}
