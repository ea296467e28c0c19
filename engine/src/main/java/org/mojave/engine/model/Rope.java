package org.mojave.engine.model;

/**
 * Rotary position embedding of one attention (Su et al. 2021, equation 34).
 *
 * @param dimension leading components of a head that are rotated; even
 * @param interleaved whether a pair is (2i, 2i+1) rather than (i, i + dimension/2)
 * @param base the base θ of the frequencies θ^(−2i/dimension)
 * @param scaling how the frequencies are changed for long contexts
 */
public record Rope(int dimension, boolean interleaved, double base, RopeScaling scaling) {
    public Rope {
        if (dimension < 2 || dimension % 2 != 0) {
            throw new IllegalArgumentException("rotated dimension must be even and at least 2, not " + dimension);
        }
        if (!(base > 0)) {
            throw new IllegalArgumentException("rope base must be above 0, not " + base);
        }
    }
}
