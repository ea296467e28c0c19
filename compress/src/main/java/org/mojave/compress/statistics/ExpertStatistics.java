package org.mojave.compress.statistics;

/**
 * Inputs of one matrix as calibration saw them: {@code hessian = Σ c^p · x · xᵀ} over the tokens x that reach it, c their routing
 * weight. p = 1 is affinity-guided quantization (MoEQuant, arXiv 2505.03804); p = 0 the plain second moment; p = 2
 * is exact for a down projection, whose error enters the layer's output multiplied by c. For matrices of every token c = 1.
 *
 * <p>The array is handed over: neither side changes it afterwards.
 *
 * @param exponent p: 0, 1 or 2
 * @param counts tokens and routing weights
 * @param weightSum Σ c^p
 * @param weightSquareSum Σ c^2p
 * @param hessian symmetric, [columns, columns], row-major
 */
public record ExpertStatistics(
        int exponent, AffinityCounts counts, double weightSum, double weightSquareSum, float[] hessian) {
    public ExpertStatistics {
        if (exponent < 0 || exponent > 2) {
            throw new IllegalArgumentException("exponent of the routing weight must be 0, 1 or 2, not " + exponent);
        }
        int columns = (int) Math.round(Math.sqrt(hessian.length));
        if (columns == 0 || columns * columns != hessian.length) {
            throw new IllegalArgumentException("a hessian is square, not of " + hessian.length + " elements");
        }
        for (int i = 0; i < columns; i++) {
            float diagonal = hessian[i * columns + i];
            if (!(diagonal >= 0 && diagonal < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("second moment of input " + i + " is " + diagonal
                        + "; the activations hold NaN or overflow");
            }
        }
    }

    /** Statistics of no token. */
    public static ExpertStatistics none(int exponent, int columns) {
        return new ExpertStatistics(exponent, AffinityCounts.NONE, 0, 0, new float[Math.multiplyExact(columns, columns)]);
    }

    /**
     * Statistics of {@code affinities.length} tokens x [tokens, columns]; the plain reference, accumulated in float64. Gather large
     * ones with a blocked product and {@link #gathered}.
     */
    public static ExpertStatistics of(int exponent, float[] x, float[] affinities, int columns) {
        double[] sum = new double[columns * columns];
        for (int t = 0; t < affinities.length; t++) {
            double weight = weight(exponent, affinities[t]);
            for (int i = 0; i < columns; i++) {
                double scaled = weight * x[t * columns + i];
                for (int j = 0; j <= i; j++) {
                    sum[i * columns + j] += scaled * x[t * columns + j];
                }
            }
        }
        float[] hessian = new float[sum.length];
        for (int i = 0; i < columns; i++) {
            for (int j = 0; j <= i; j++) {
                hessian[i * columns + j] = (float) sum[i * columns + j];
                hessian[j * columns + i] = (float) sum[i * columns + j];
            }
        }
        return gathered(exponent, affinities, hessian);
    }

    /** Statistics whose hessian was summed elsewhere with the {@link #weights} of these routing weights. */
    public static ExpertStatistics gathered(int exponent, float[] affinities, float[] hessian) {
        double sum = 0;
        double squares = 0;
        for (float affinity : affinities) {
            double weight = weight(exponent, affinity);
            sum += weight;
            squares += weight * weight;
        }
        return new ExpertStatistics(exponent, AffinityCounts.of(affinities, affinities.length), sum, squares, hessian);
    }

    /** {@code c^p} per token. */
    public static float[] weights(int exponent, float[] affinities) {
        float[] weights = new float[affinities.length];
        for (int t = 0; t < weights.length; t++) {
            weights[t] = (float) weight(exponent, affinities[t]);
        }
        return weights;
    }

    private static double weight(int exponent, double affinity) {
        return switch (exponent) {
            case 0 -> 1;
            case 1 -> affinity;
            case 2 -> affinity * affinity;
            default -> throw new IllegalArgumentException("exponent of the routing weight must be 0, 1 or 2, not " + exponent);
        };
    }

    /** Inputs of the matrix. */
    public int columns() {
        return (int) Math.round(Math.sqrt(hessian.length));
    }

    /** Sum of the diagonal, in float64. */
    public double trace() {
        int columns = columns();
        double trace = 0;
        for (int i = 0; i < columns; i++) {
            trace += hessian[i * columns + i];
        }
        return trace;
    }

    /** {@code (Σ c^p)² / Σ c^2p}: as many equally weighted tokens would say as much (Kish); 0 without tokens. */
    public double effectiveTokens() {
        return weightSquareSum == 0 ? 0 : weightSum * weightSum / weightSquareSum;
    }

    /** The statistics of both sets of tokens: as if gathered in one run, up to the rounding of float32 sums. */
    public ExpertStatistics plus(ExpertStatistics other) {
        if (other.exponent != exponent || other.hessian.length != hessian.length) {
            throw new IllegalArgumentException("statistics of exponent " + exponent + " and " + columns()
                    + " inputs cannot be merged with exponent " + other.exponent + " and " + other.columns());
        }
        float[] sum = new float[hessian.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = hessian[i] + other.hessian[i];
        }
        return new ExpertStatistics(exponent, counts.plus(other.counts), weightSum + other.weightSum,
                weightSquareSum + other.weightSquareSum, sum);
    }
}
