package org.mojave.engine.model;

import java.util.List;

/** How frequencies and amplitudes change with context extension; formulas as in transformers' {@code modeling_rope_utils}. */
public sealed interface RopeScaling {
    /** Frequencies as they are. */
    record None() implements RopeScaling {}

    /** Frequencies divided by {@code factor}. */
    record Linear(double factor) implements RopeScaling {}

    /** NTK-aware base that grows with a sequence longer than {@code originalLength}. */
    record Dynamic(double factor, int originalLength) implements RopeScaling {}

    /**
     * YaRN (Peng et al. 2023, equations 17 to 23).
     *
     * @param attentionFactor multiplies cosine and sine
     * @param truncate whether the correction range is rounded to whole dimensions
     */
    record Yarn(double factor, int originalLength, double betaFast, double betaSlow, double attentionFactor,
            boolean truncate) implements RopeScaling {}

    /**
     * LongRoPE (Ding et al. 2024): a divisor for every frequency, another set beyond {@code originalLength}.
     *
     * @param shortAmplitude multiplies cosine and sine up to that length
     * @param longAmplitude multiplies them beyond
     */
    record LongRope(List<Double> shortFactors, List<Double> longFactors, int originalLength, double shortAmplitude,
            double longAmplitude) implements RopeScaling {
        public LongRope {
            shortFactors = List.copyOf(shortFactors);
            longFactors = List.copyOf(longFactors);
        }
    }

    /** Llama 3.1: low frequencies divided by {@code factor}, a smooth step between. */
    record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalLength)
            implements RopeScaling {}
}
