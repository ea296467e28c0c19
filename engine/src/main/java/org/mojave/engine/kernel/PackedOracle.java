package org.mojave.engine.kernel;

import java.util.Arrays;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.packed.Trellis;

/**
 * The arithmetic of the native kernels, one element at a time; every variant returns exactly these bits. With q the codes,
 * z the zero and s the scale of a weight group, v the values, t the sum and d the scale of an activation group:
 * {@code y = Σ_weight groups s · Σ_activation groups d · (Σ q·v − z·t)}; the inner sum is exact (32-bit integers), the
 * outer two are fused multiply-adds in float32 in index order. Binary codes count twice. In a trellis scheme q are the values that its
 * codes lead to, z is 0.
 */
final class PackedOracle {
    private static final float SMALLEST = 1e-30f;

    private PackedOracle() {}

    /** Quantizes x [tokens, columns] into {@code target}, which has the shape already. */
    static void quantize(float[] x, QuantizedActivations target) {
        for (int token = 0; token < target.tokens(); token++) {
            int row = token * target.paddedColumns();
            Arrays.fill(target.values(), row, row + target.paddedColumns(), (byte) 0);
            for (int group = 0; group < target.groups(); group++) {
                quantizeGroup(x, token, group, target);
            }
        }
    }

    private static void quantizeGroup(float[] x, int token, int group, QuantizedActivations target) {
        int first = group * target.groupColumns();
        int end = Math.min(target.columns(), first + target.groupColumns());
        int at = token * target.columns();
        int largestBits = 0;
        for (int c = first; c < end; c++) {
            largestBits = Math.max(largestBits, Float.floatToRawIntBits(x[at + c]) & Integer.MAX_VALUE);
        }
        float largest = Float.intBitsToFloat(largestBits);
        boolean regular = Float.isFinite(largest) && largest >= SMALLEST;
        float inverse = regular ? 127 / largest : 0;
        int sum = 0;
        for (int c = first; c < end && regular; c++) {
            int value = (int) Math.rint(x[at + c] * inverse);
            target.values()[token * target.paddedColumns() + c] = (byte) value;
            sum += value;
        }
        target.scales()[token * target.groups() + group] = regular ? largest / 127 : Float.isFinite(largest) ? 0 : Float.NaN;
        target.sums()[token * target.groups() + group] = sum;
    }

    /** {@code y = x · Wᵀ}: y [tokens, W.rows]. */
    static void multiply(PackedMatrix w, QuantizedActivations x, float[] y) {
        for (int token = 0; token < x.tokens(); token++) {
            for (int row = 0; row < w.rows(); row++) {
                y[token * w.rows() + row] = dot(w, row, x, token);
            }
        }
    }

    private static float dot(PackedMatrix w, int row, QuantizedActivations x, int token) {
        PackedLayout layout = w.layout();
        Scheme scheme = layout.scheme();
        int[] codes = codes(layout, w, row);
        float y = 0;
        for (int group = 0; group < layout.groups(); group++) {
            int first = group * scheme.groupColumns(w.columns());
            int end = Math.min(w.columns(), first + scheme.groupColumns(w.columns()));
            int zero = scheme.trellis() ? 0 : PackedCodec.zero(layout, w.bytes(), row, group);
            float sum = 0;
            for (int c = first; c < end; c += x.groupColumns()) {
                int part = token * x.groups() + c / x.groupColumns();
                int exact = -zero * x.sums()[part];
                for (int k = c; k < Math.min(end, c + x.groupColumns()); k++) {
                    exact += scheme.step() * codes[k] * x.values()[token * x.paddedColumns() + k];
                }
                sum = Math.fma((float) exact, x.scales()[part], sum);
            }
            y = Math.fma(sum, PackedCodec.scale(layout, w.bytes(), row, group), y);
        }
        return y;
    }

    /** The codes of a row, or the values that a trellis makes of them. */
    private static int[] codes(PackedLayout layout, PackedMatrix w, int row) {
        int[] codes = new int[layout.columns()];
        int state = 0;
        for (int c = 0; c < codes.length; c++) {
            codes[c] = PackedCodec.code(layout, w.bytes(), row, c);
            if (layout.scheme().trellis()) {
                state = Trellis.next(state, codes[c], layout.scheme().bits());
                codes[c] = Trellis.value(state, layout.scheme().bits());
            }
        }
        return codes;
    }

    /** The native product with a float matrix: 64 partial sums, column c in sum c mod 64, added as a tree. */
    static void multiply(DenseMatrix w, float[] x, int tokens, float[] y) {
        int columns = w.columns();
        float[] weights = new float[columns];
        float[] sums = new float[64];
        for (int row = 0; row < w.rows(); row++) {
            w.decode(row, 1, weights, 0);
            for (int token = 0; token < tokens; token++) {
                Arrays.fill(sums, 0);
                for (int c = 0; c < columns; c++) {
                    sums[c % 64] = Math.fma(weights[c], x[token * columns + c], sums[c % 64]);
                }
                for (int width = 32; width > 0; width /= 2) {
                    for (int i = 0; i < width; i++) {
                        sums[i] += sums[i + width];
                    }
                }
                y[token * w.rows() + row] = sums[0];
            }
        }
    }
}
