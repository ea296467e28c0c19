package org.mojave.compress.recipe;

import java.util.Locale;

/** How the codes of a matrix are chosen. */
public enum Method {
    /** Round to nearest: needs no data. */
    RTN,
    /** Error compensation with per-matrix Hessians of calibration activations (Frantar et al., arXiv 2210.17323). */
    GPTQ;

    /** The spelling in options, files and reports. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads {@link #wireName()}. */
    public static Method parse(String text) {
        for (Method method : values()) {
            if (method.wireName().equals(text)) {
                return method;
            }
        }
        throw new RecipeException("unknown method '" + text + "'; write rtn or gptq");
    }
}
