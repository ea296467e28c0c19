package org.mojave.engine.model;

/** Normalisation of a hidden vector before a block. */
public sealed interface Norm {
    /** Added to the mean square or variance. */
    double epsilon();

    /** x / sqrt(mean(x²) + ε) · weight. */
    record RootMeanSquare(double epsilon) implements Norm {}

    /** (x − mean) / sqrt(variance + ε) · weight + bias. */
    record Layer(double epsilon) implements Norm {}
}
