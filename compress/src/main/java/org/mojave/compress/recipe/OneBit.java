package org.mojave.compress.recipe;

/** What one bit for a weight means. */
public enum OneBit {
    /** A trellis of a whole row: each bit picks from other values for every past. */
    TRELLIS,
    /** Plus or minus the mean magnitude of a group (Mixture Compressor, arXiv 2410.06270). */
    MEAN;

    /** The spelling in options, files and reports. */
    public String wireName() {
        return WireNames.of(this);
    }

    /** Reads {@link #wireName()}. */
    public static OneBit parse(String text) {
        return WireNames.parse(OneBit.class, "way to store one bit", text);
    }
}
