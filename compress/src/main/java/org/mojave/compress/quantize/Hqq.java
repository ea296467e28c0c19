package org.mojave.compress.quantize;

import java.util.List;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.Scheme;

/**
 * Half-quadratic quantization (HQQ, Badri and Shaji 2023): needs no data. Zero and scale of each group move to where most
 * weights fit well and few fit badly, {@code min Σ |w − s·(q − z)|^0.7}, by alternating between an error term E shrunk toward the
 * few large errors and a least-squares fit of the rest:
 *
 * <p>{@code E = shrink(W − Ŵ), shrink(x) = sign(x)·max(0, |x| − |x|^(p−1)/β); z = mean(q − (W − E)/s); β ← κ·β}.
 *
 * <p>Differs from the original, which keeps the min/max scale and a fractional zero: storage holds whole zeros, so the zero is rounded
 * and then the scale is fitted the same way, {@code s = Σ (W − E)·(q − z) / Σ (q − z)²}, which also serves symmetric schemes. Errors are
 * shrunk in units of the scale, else β = 10 means something else for every matrix (and nothing for weights below 0.1). Each group keeps
 * the best grid that was met, by mean |w − ŵ| as in the original; min/max rounding is the first of them.
 * It makes no binary codes: their range is not chosen, and the mean magnitude is their scale of least squares already.
 *
 * @param rounds of each of the two fits, published: 20
 */
public record Hqq(int rounds) implements Quantizer {
    private static final double FIRST_BETA = 10;
    private static final double KAPPA = 1.01;
    private static final float SMALLEST_HALF = 0x1p-24f;
    private static final float LARGEST_HALF = 65504;

    /** The published number of rounds. */
    public Hqq() {
        this(20);
    }

    public Hqq {
        if (rounds < 0) {
            throw new IllegalArgumentException("cannot fit for " + rounds + " rounds");
        }
    }

    @Override
    public Requirement requires() {
        return Requirement.NOTHING;
    }

    @Override
    public QuantizedMatrix quantize(WeightMatrix weights, Statistics statistics, Scheme scheme) {
        if (scheme.sixBitScales()) {
            throw new IllegalArgumentException(weights.name() + ": HQQ makes float16 scales only, not scheme " + scheme.id());
        }
        if (scheme.binary()) {
            throw new IllegalArgumentException(weights.name() + ": HQQ makes no binary codes, so not scheme " + scheme.id());
        }
        weights.checkFinite();
        int rows = weights.rows();
        int columns = weights.columns();
        int groups = scheme.groups(columns);
        int size = scheme.groupColumns(columns);
        byte[] codes = new byte[rows * columns];
        float[] scales = new float[rows * groups];
        byte[] zeros = new byte[scheme.symmetric() ? 0 : rows * groups];
        double loss = 0;
        for (int row = 0; row < rows; row++) {
            for (int g = 0; g < groups; g++) {
                int first = row * columns + g * size;
                Group group = new Group(weights.values(), first, Math.min(size, columns - g * size), scheme);
                group.fit(rounds);
                if (group.bestScale > LARGEST_HALF) {
                    throw new IllegalArgumentException(weights.name() + ": weights too large for float16 scales at " + Rounding.width(scheme));
                }
                scales[row * groups + g] = group.bestScale;
                if (!scheme.symmetric()) {
                    zeros[row * groups + g] = (byte) (int) group.bestZero;
                }
                loss += group.encode(codes);
            }
        }
        return new QuantizedMatrix(new CodedMatrix(scheme, rows, columns, codes, scales, zeros), new int[0], loss, List.of());
    }

    /** One scale's worth of weights, and the grids tried for it. */
    private static final class Group {
        private final float[] w;
        private final int first;
        private final int count;
        private final int largest;
        private final boolean symmetric;
        private float scale;
        private double zero;
        private float bestScale;
        private double bestZero;
        private double bestError = Double.POSITIVE_INFINITY;

        Group(float[] w, int first, int count, Scheme scheme) {
            this.w = w;
            this.first = first;
            this.count = count;
            largest = scheme.largestCode();
            symmetric = scheme.symmetric();
            float low = 0;
            float high = 0;
            for (int i = first; i < first + count; i++) {
                low = Math.min(low, w[i]);
                high = Math.max(high, w[i]);
            }
            if (symmetric) {
                high = Math.max(-low, high);
                low = -high;
            }
            scale = half((high - low) / largest);
            zero = symmetric ? scheme.symmetricZero() : whole(-low / scale);
            bestScale = scale;
            bestZero = zero;
        }

        void fit(int rounds) {
            keepIfBetter();
            if (!symmetric) {
                fitZero(rounds);
                zero = whole(zero);
                keepIfBetter();
                scale = bestScale;
                zero = bestZero;
            }
            fitScale(rounds);
        }

        private void fitZero(int rounds) {
            double beta = FIRST_BETA;
            double before = Double.POSITIVE_INFINITY;
            for (int round = 0; round < rounds; round++) {
                double sum = 0;
                double error = 0;
                for (int i = first; i < first + count; i++) {
                    double code = code(w[i]);
                    double difference = w[i] - scale * (code - zero);
                    error += Math.abs(difference);
                    sum += code - w[i] / scale + Shrink.apply(difference / scale, beta);
                }
                if (error >= before) {
                    return;
                }
                before = error;
                zero = Math.clamp(sum / count, 0.0, largest);
                beta *= KAPPA;
            }
        }

        private void fitScale(int rounds) {
            double beta = FIRST_BETA;
            for (int round = 0; round < rounds; round++) {
                double product = 0;
                double squares = 0;
                for (int i = first; i < first + count; i++) {
                    double step = code(w[i]) - zero;
                    product += (w[i] - scale * Shrink.apply(w[i] / scale - step, beta)) * step;
                    squares += step * step;
                }
                float next = squares > 0 ? half((float) (product / squares)) : scale;
                if (next == scale) {
                    return;
                }
                scale = next;
                keepIfBetter();
                beta *= KAPPA;
            }
        }

        private void keepIfBetter() {
            double error = 0;
            for (int i = first; i < first + count; i++) {
                error += Math.abs(w[i] - scale * (code(w[i]) - zero));
            }
            if (error < bestError) {
                bestError = error;
                bestScale = scale;
                bestZero = zero;
            }
        }

        private double code(float weight) {
            return Math.clamp(Math.rint(weight / scale + zero), 0.0, largest);
        }

        private double whole(double value) {
            return Math.clamp(Math.rint(value), 0.0, largest);
        }

        /** What storage makes of a scale. */
        private static float half(float value) {
            return Math.max(SMALLEST_HALF, Float.float16ToFloat(Float.floatToFloat16(value)));
        }

        /** Writes the codes of the best grid; returns the squared error. */
        double encode(byte[] codes) {
            scale = bestScale;
            zero = bestZero;
            double loss = 0;
            for (int i = first; i < first + count; i++) {
                double code = code(w[i]);
                codes[i] = (byte) (int) code;
                double difference = w[i] - scale * (code - zero);
                loss += difference * difference;
            }
            return loss;
        }
    }
}
