package org.mojave.compress.quantize;

/** Whether details follow what Mojave stores or the official implementation of GPTQ (IST-DASLab/gptq, commit 2d65066e). */
public enum Fidelity {
    /** Scales are float16 values before any code is chosen, because that is what the file holds; dead columns are rounded. */
    NATIVE,
    /**
     * To the letter, for comparison: float32 scales; dead columns become zero; a symmetric group without negative weights
     * uses only codes from zero upwards at half the step.
     */
    REFERENCE
}
