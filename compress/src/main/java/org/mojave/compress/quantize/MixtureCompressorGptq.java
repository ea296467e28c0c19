package org.mojave.compress.quantize;

import org.mojave.engine.kernel.LinearAlgebra;

/**
 * GPTQ of experts as Mixture Compressor's published code does it at 1, 2 and 3 bits, for comparison with its figures only: its
 * zeros are fractions, which the native storage does not hold, so it is no {@link Quantizer}. It differs from {@link Gptq} in three ways:
 *
 * <ul>
 *   <li>the range of each block of 128 columns is 0.9 times min/max, the zero not rounded (the code searches 0.9 … 1.1 times, but its
 *       recorded results hold 0.9 in every first block);
 *   <li>errors are not spread within a block, yet passed on to later blocks as if they had been;
 *   <li>one bit is {@code ±mean|w|}.
 * </ul>
 *
 * <p>Plain loops: not meant for large models.
 *
 * @param activationOrder whether the most active inputs come first
 * @param damping share of the mean diagonal, published: 0.01
 * @param algebra for the factorisation
 */
public record MixtureCompressorGptq(boolean activationOrder, double damping, LinearAlgebra algebra) {
    private static final int BLOCK = MixtureCompressorRounding.BLOCK;
    private static final double RANGE_SHARE = 0.9;

    /**
     * What comes out.
     *
     * @param weights [rows, columns] decoded
     * @param scales [rows, blocks] in the order of processing
     * @param zeros [rows, blocks]
     * @param loss half the squared error under the damped Hessian, as the published code counts it
     */
    public record Result(float[] weights, float[] scales, float[] zeros, double loss) {}

    /** Quantizes to 1, 2 or 3 bits; IllegalArgumentException if the Hessian saw no tokens or cannot be factorised. */
    public Result quantize(WeightMatrix weights, Hessian hessian, int bits) {
        if (bits < 1 || bits > 3) {
            throw new IllegalArgumentException(weights.name() + ": experts take 1, 2 or 3 bits here, not " + bits);
        }
        weights.checkFinite();
        HessianFactor factor = HessianFactor.of(hessian, activationOrder, damping, algebra);
        if (factor.rounds() || factor.columns() != weights.columns()) {
            throw new IllegalArgumentException(weights.name() + ": no usable Hessian of " + weights.columns() + " columns: " + factor.events());
        }
        int blocks = (weights.columns() + BLOCK - 1) / BLOCK;
        Result result = new Result(new float[weights.values().length], new float[weights.rows() * blocks],
                new float[weights.rows() * blocks], 0);
        double loss = 0;
        for (int row = 0; row < weights.rows(); row++) {
            loss += new Row(weights, row, factor, bits).quantize(result);
        }
        return new Result(result.weights, result.scales, result.zeros, loss);
    }

    /** One row, in the order of processing. */
    private static final class Row {
        private final int row;
        private final int bits;
        private final int largest;
        private final int columns;
        private final float[] upper;
        private final int[] order;
        private final float[] w;
        private final float[] errors = new float[BLOCK];
        private float scale;
        private float zero;

        Row(WeightMatrix weights, int row, HessianFactor factor, int bits) {
            this.row = row;
            this.bits = bits;
            largest = (1 << bits) - 1;
            columns = weights.columns();
            upper = factor.upper();
            order = factor.order();
            w = new float[columns];
            for (int p = 0; p < columns; p++) {
                w[p] = weights.values()[row * columns + order[p]];
            }
        }

        double quantize(Result result) {
            int blocks = (columns + BLOCK - 1) / BLOCK;
            double loss = 0;
            for (int block = 0; block < blocks; block++) {
                int start = block * BLOCK;
                int end = Math.min(columns, start + BLOCK);
                chooseGrid(start, end);
                result.scales[row * blocks + block] = scale;
                result.zeros[row * blocks + block] = zero;
                for (int i = start; i < end; i++) {
                    float value = w[i];
                    float rounded = round(value);
                    result.weights[row * columns + order[i]] = rounded;
                    float error = (value - rounded) / upper[i * columns + i];
                    errors[i - start] = error;
                    loss += 0.5 * error * error;
                }
                passOn(start, end);
            }
            return loss;
        }

        private void passOn(int start, int end) {
            for (int i = start; i < end; i++) {
                for (int j = end; j < columns; j++) {
                    w[j] -= errors[i - start] * upper[i * columns + j];
                }
            }
        }

        private float round(float value) {
            if (bits == 1) {
                return value >= 0 ? scale - scale * zero : -scale * zero;
            }
            double code = Math.clamp(Math.rint(value / scale + zero), 0.0, largest);
            return (float) (scale * (code - zero));
        }

        private void chooseGrid(int start, int end) {
            if (bits == 1) {
                scale = half(2 * MixtureCompressorRounding.meanMagnitude(w, start, end));
                zero = 0.5f;
                return;
            }
            float low = w[start];
            float high = w[start];
            for (int i = start; i < end; i++) {
                low = Math.min(low, w[i]);
                high = Math.max(high, w[i]);
            }
            if (low == high) {
                scale = 1;
                zero = -low;
                return;
            }
            scale = half(RANGE_SHARE * (high - low) / largest);
            zero = half(-RANGE_SHARE * low / scale);
        }

        private static float half(double value) {
            return Float.float16ToFloat(Float.floatToFloat16((float) value));
        }
    }
}
