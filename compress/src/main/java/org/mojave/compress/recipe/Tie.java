package org.mojave.compress.recipe;

/** Which matrices must share one scheme in a plan over all matrices, because the program that shall run the result stores or multiplies them together. */
public enum Tie {
    /** None: every matrix for itself. */
    NONE,
    /** Of every layer the same projection of all experts, as GGUF files store them: one tensor for all experts. */
    EXPERTS,
    /** As {@link #EXPERTS}, and gate and up projection alike, and query, key and value, which vLLM multiplies as one matrix. */
    FUSED;

    /** The spelling in options, files and reports. */
    public String wireName() {
        return WireNames.of(this);
    }

    /** Reads {@link #wireName()}. */
    public static Tie parse(String text) {
        return WireNames.parse(Tie.class, "tie", text);
    }
}
