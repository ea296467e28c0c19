package org.mojave.engine.kernel;

/**
 * By what means a path multiplies one matrix with a token, as in generation; many tokens may pay for decoding where one does not. What
 * {@link ProductPath#means} says is what {@link ProductPath#multiply} does.
 *
 * <p>Example: {@code path.means(matrix).describe()} is {@code native AVX-512 VNNI × 8-bit activations}.
 */
public sealed interface Means {
    /** A few words for people. */
    String describe();

    /**
     * C code that reads the stored form.
     *
     * @param instructions what of the processor it uses
     * @param rounds whether activations are rounded to 8 bits
     */
    record Native(String instructions, boolean rounds) implements Means {
        @Override
        public String describe() {
            return "native " + instructions + (rounds ? " × 8-bit activations" : " × float activations");
        }
    }

    /** Java vectors of so many bits that read the stored form; few tokens are rounded to 8 bits, many meet decoded rows. */
    record Vectors(int bits) implements Means {
        @Override
        public String describe() {
            return "Java vectors of " + bits + " bits × 8-bit activations";
        }
    }

    /** Rows are decoded to floats, in Java vectors of so many bits, or element by element where that is 0; then floats are multiplied. */
    record Decoded(int bits) implements Means {
        @Override
        public String describe() {
            return "decoding to floats " + (bits == 0 ? "element by element" : "in Java vectors of " + bits + " bits");
        }
    }

    /** Whole numbers: codes and activations of so many bits. For evaluation, not for speed. */
    record WholeNumbers(int activationBits) implements Means {
        @Override
        public String describe() {
            return "whole-number sums of codes and " + activationBits + "-bit activations";
        }
    }
}
