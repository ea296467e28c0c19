package org.mojave.compress.quantize;

/** What calibration learned about the inputs of a matrix. */
public sealed interface Statistics permits Statistics.None, Hessian, HessianFactor {
    /** Nothing is known. */
    Statistics NONE = new None();

    /** Nothing is known. */
    record None() implements Statistics {}
}
