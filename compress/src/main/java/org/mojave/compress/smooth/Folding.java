package org.mojave.compress.smooth;

/**
 * Writes a scale into weights so that the model computes the same: what produces the channel is divided, what reads it is
 * multiplied.
 *
 * <p>Example: after {@code divide(norm, s)} and {@code multiplyColumns(w, s)} for the router and every gate and up projection, the
 * layer's output is unchanged up to rounding. For up and down projections: {@code divideRows(up, s); multiplyColumns(down, s)}.
 */
public final class Folding {
    private Folding() {}

    /** {@code values[j] /= scale[j]}: the weight (or bias) of a norm. */
    public static void divide(float[] values, float[] scale) {
        requireWhole(values, scale);
        for (int j = 0; j < scale.length; j++) {
            values[j] /= scale[j];
        }
    }

    /** {@code w[r][c] *= scale[c]} for w [rows, scale.length]: a matrix that reads the channels. */
    public static void multiplyColumns(float[] w, float[] scale) {
        requireWhole(w, scale);
        for (int i = 0; i < w.length; i++) {
            w[i] *= scale[i % scale.length];
        }
    }

    /** {@code w[r][c] /= scale[r]} for w [scale.length, columns]: a matrix that writes the channels. */
    public static void divideRows(float[] w, float[] scale) {
        requireWhole(w, scale);
        int columns = w.length / scale.length;
        for (int i = 0; i < w.length; i++) {
            w[i] /= scale[i / columns];
        }
    }

    private static void requireWhole(float[] w, float[] scale) {
        if (scale.length == 0 || w.length % scale.length != 0) {
            throw new IllegalArgumentException("a scale of " + scale.length + " channels does not fit " + w.length + " weights");
        }
        for (int j = 0; j < scale.length; j++) {
            if (!(scale[j] > 0 && scale[j] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("scale of channel " + j + " is " + scale[j]);
            }
        }
    }
}
