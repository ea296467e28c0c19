package org.mojave.engine.kernel;

import java.math.BigInteger;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;

/** The arithmetic of {@link IntegerProducts}, one element at a time and in unbounded whole numbers: what tests hold it against. */
final class IntegerOracle {
    private IntegerOracle() {}

    /** {@code y = x · Wᵀ}: x [tokens, columns], y [tokens, rows]. */
    static void multiply(PackedMatrix w, float[] x, int tokens, ActivationScheme scheme, float[] y) {
        for (int t = 0; t < tokens; t++) {
            for (int r = 0; r < w.rows(); r++) {
                y[t * w.rows() + r] = dot(w, r, x, t * w.columns(), scheme);
            }
        }
    }

    private static float dot(PackedMatrix w, int row, float[] x, int from, ActivationScheme scheme) {
        PackedLayout layout = w.layout();
        int groupColumns = layout.scheme().groupColumns(layout.columns());
        double least = 0;
        double most = 0;
        for (int c = 0; c < layout.columns(); c++) {
            least = Math.min(least, x[from + c]);
            most = Math.max(most, x[from + c]);
        }
        int levels = scheme.symmetric() ? (1 << (scheme.bits() - 1)) - 1 : (1 << scheme.bits()) - 1;
        double range = scheme.symmetric() ? Math.max(most, -least) : most - least;
        float scale = (float) (scheme.clip() * (range / levels));
        double sum = 0;
        for (int g = 0; g < layout.groups(); g++) {
            BigInteger whole = BigInteger.ZERO;
            for (int c = g * groupColumns; c < Math.min(layout.columns(), (g + 1) * groupColumns); c++) {
                int weight = layout.scheme().step() * PackedCodec.code(layout, w.bytes(), row, c) - PackedCodec.zero(layout, w.bytes(), row, g);
                whole = whole.add(BigInteger.valueOf((long) weight * value(x[from + c], scale, least, scheme)));
            }
            sum += (double) PackedCodec.scale(layout, w.bytes(), row, g) * whole.longValueExact();
        }
        return (float) (scale * sum);
    }

    /** Code minus zero of one activation. */
    private static long value(float x, float scale, double least, ActivationScheme scheme) {
        if (scale == 0) {
            return 0;
        }
        if (scheme.symmetric()) {
            long half = (1L << (scheme.bits() - 1)) - 1;
            return Math.clamp((long) Math.rint(x / (double) scale), -half, half);
        }
        long zero = (long) Math.rint(-least * scheme.clip() / scale);
        return Math.clamp((long) Math.rint(x / (double) scale) + zero, 0L, (1L << scheme.bits()) - 1) - zero;
    }
}
