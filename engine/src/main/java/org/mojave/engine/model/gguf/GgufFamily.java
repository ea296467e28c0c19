package org.mojave.engine.model.gguf;

/** A value of {@code general.architecture}. */
interface GgufFamily {
    /** The value. */
    String architecture();

    /** Whether rope pairs are (2i, 2i+1) in these files (llama.cpp's NORM, as against NEOX). */
    boolean interleaved();

    /** Writes the config of the family; throws CheckpointException or UnsupportedModelException that names the GGUF key. */
    void describe(GgufKeys keys);

    /** What differs from the usual tensor names. */
    default GgufNames names() {
        return new GgufNames();
    }
}
