package org.mojave.engine.kernel;

/** Which native kernels the user wants. */
public sealed interface NativeChoice {
    /** The best ones that this processor can run. */
    record Best() implements NativeChoice {}

    /** Those of one instruction set, or none. */
    record Only(NativeVariant variant) implements NativeChoice {}

    /** None. */
    record None() implements NativeChoice {}
}
