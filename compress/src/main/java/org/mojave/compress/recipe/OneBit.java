package org.mojave.compress.recipe;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What one bit for a weight means. */
public enum OneBit {
    /** A trellis of a whole row: each bit picks from other values for every past. */
    TRELLIS,
    /** Plus or minus the mean magnitude of a group (Mixture Compressor, arXiv 2410.06270). */
    MEAN;

    /** The spelling in options, files and reports. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads {@link #wireName()}. */
    public static OneBit parse(String text) {
        return Arrays.stream(values()).filter(one -> one.wireName().equals(text)).findFirst().orElseThrow(() -> new RecipeException(
                "unknown way to store one bit '" + text + "'; write " + Arrays.stream(values()).map(OneBit::wireName).collect(Collectors.joining(" or "))));
    }
}
