package org.mojave.compress.recipe;

/** How the bits of a {@link Target} are shared out. */
public enum AllocationMode {
    /** One program over all matrices and schemes, by what each does to the predictions. */
    GLOBAL,
    /** Experts of 1, 2 and 3 bits by how often and how strongly they are chosen and what rounding does to them (Mixture Compressor, PMQ). */
    PMQ,
    /** Experts of 1, 2 and 3 bits, as even as the target allows, whatever they do. */
    UNIFORM,
    /** Experts of 1, 2 and 3 bits by how often they are chosen alone. */
    FREQUENCY;

    /** Whether only the bits of routed experts are chosen, all else being as the recipe says. */
    public boolean expertsOnly() {
        return this != GLOBAL;
    }

    /** The spelling in options, files and reports. */
    public String wireName() {
        return WireNames.of(this);
    }

    /** Reads {@link #wireName()}. */
    public static AllocationMode parse(String text) {
        return WireNames.parse(AllocationMode.class, "allocation", text);
    }
}
