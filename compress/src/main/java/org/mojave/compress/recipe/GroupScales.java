package org.mojave.compress.recipe;

/** From which weights the scales and zeros of a group are chosen. */
public enum GroupScales {
    /** From the original ones, before any is rounded; columns may then be rounded in the order of their activity. */
    ORIGINAL,
    /**
     * From those that carry the errors of the columns before them, minimum to maximum, columns as they are stored: GPTQ's code (Frantar et
     * al. 2022) and with it Mixture Compressor's. Schemes whose scales are chosen together for a whole row keep to the original weights.
     */
    COMPENSATED;

    /** The spelling in options, files and reports. */
    public String wireName() {
        return WireNames.of(this);
    }

    /** Reads {@link #wireName()}. */
    public static GroupScales parse(String text) {
        return WireNames.parse(GroupScales.class, "weights for scales", text);
    }
}
