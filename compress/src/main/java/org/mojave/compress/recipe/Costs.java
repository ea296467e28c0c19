package org.mojave.compress.recipe;

/** By what a global plan compares the damage that schemes do in different places. */
public enum Costs {
    /** The error of a half layer's output; what it is worth is measured half by half, by divergence. */
    OUTPUT,
    /** The error of a half layer's output, each component times the loss gradient there (GEMQ, arXiv 2605.23078); one worth for all halves. */
    GRADIENT;

    /** The spelling in options, files and reports. */
    public String wireName() {
        return WireNames.of(this);
    }

    /** Reads {@link #wireName()}. */
    public static Costs parse(String text) {
        return WireNames.parse(Costs.class, "costs", text);
    }
}
