package org.mojave.compress.quantize;

/** How the range of a group is chosen. */
public enum Clip {
    /** The largest weights decide. */
    NONE,
    /** The range with the least {@code Σ |ŵ − w|^2.4} (IST-DASLab/gptq). */
    WEIGHTS,
    /**
     * The range with the least {@code Σ H_cc · (ŵ − w)²}, H_cc the second moment of the weight's input (1 where nothing is
     * known). A symmetric scale may be negative, so that the one code more falls on the side that needs it.
     */
    ACTIVITY
}
