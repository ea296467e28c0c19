package org.mojave.compress.statistics;

/**
 * Tokens that reached an expert, and sums over their routing weights c.
 *
 * @param tokens tokens with this expert among their choices
 * @param sum Σ c
 * @param sumOfSquares Σ c²
 */
public record AffinityCounts(long tokens, double sum, double sumOfSquares) {
    /** Nothing seen. */
    public static final AffinityCounts NONE = new AffinityCounts(0, 0, 0);

    public AffinityCounts {
        if (tokens < 0 || !(sum >= 0) || !(sumOfSquares >= 0) || Double.isInfinite(sum) || Double.isInfinite(sumOfSquares)) {
            throw new IllegalArgumentException("impossible counts: " + tokens + " tokens, Σc " + sum + ", Σc² " + sumOfSquares);
        }
    }

    /** The counts of {@code count} tokens with routing weights {@code affinities[0 … count)}, each finite and at least 0. */
    public static AffinityCounts of(float[] affinities, int count) {
        double sum = 0;
        double squares = 0;
        for (int t = 0; t < count; t++) {
            double c = affinities[t];
            if (!(c >= 0 && c < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("routing weight of token " + t + " is " + affinities[t]);
            }
            sum += c;
            squares += c * c;
        }
        return new AffinityCounts(count, sum, squares);
    }

    /** The counts of both sets of tokens. */
    public AffinityCounts plus(AffinityCounts other) {
        return new AffinityCounts(tokens + other.tokens, sum + other.sum, sumOfSquares + other.sumOfSquares);
    }
}
