package org.mojave.compress.recipe;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** By what a global plan compares the damage that schemes do in different places. */
public enum Costs {
    /** The error of a half layer's output; what it is worth is measured half by half, by divergence. */
    OUTPUT,
    /** The error of a half layer's output, each component times the loss gradient there (GEMQ, arXiv 2605.23078); one worth for all halves. */
    GRADIENT;

    /** The spelling in options, files and reports. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads {@link #wireName()}. */
    public static Costs parse(String text) {
        return Arrays.stream(values()).filter(costs -> costs.wireName().equals(text)).findFirst().orElseThrow(() -> new RecipeException(
                "unknown costs '" + text + "'; write " + Arrays.stream(values()).map(Costs::wireName).collect(Collectors.joining(" or "))));
    }
}
