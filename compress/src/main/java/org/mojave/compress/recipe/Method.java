package org.mojave.compress.recipe;

/** How the codes of a matrix are chosen. */
public enum Method {
    /** Round to nearest: needs no data. */
    RTN,
    /** Half-quadratic fit of scales and zeros to the weights (Badri and Shaji 2023): needs no data. */
    HQQ,
    /** One scale per input channel, shared by all readers of a norm, folded into it; then rounding (Lin et al., arXiv 2306.00978). */
    AWQ,
    /** Error compensation with per-matrix Hessians of calibration activations (Frantar et al., arXiv 2210.17323). */
    GPTQ;

    /** Whether it looks at activations while it quantizes. */
    public boolean calibrates() {
        return switch (this) {
            case RTN, HQQ -> false;
            case AWQ, GPTQ -> true;
        };
    }

    /** The spelling in options, files and reports. */
    public String wireName() {
        return WireNames.of(this);
    }

    /** Reads {@link #wireName()}. */
    public static Method parse(String text) {
        return WireNames.parse(Method.class, "method", text);
    }
}
