package org.mojave.compress.quantize;

import org.mojave.engine.kernel.Gram;

/**
 * Second moments of the inputs of a matrix, {@code H = factor · Σ weight_t · x_t · x_tᵀ}, in any normalisation: it only
 * scales the loss (and sets how much a dead input counts in the mean that damping is relative to).
 *
 * @param columns order
 * @param values [columns, columns], symmetric, row-major; shared, not copied
 * @param tokens tokens that it was gathered from; 0 means that nothing is known
 */
public record Hessian(int columns, float[] values, long tokens) implements Statistics {
    public Hessian {
        if (columns < 1 || values.length != (long) columns * columns) {
            throw new IllegalArgumentException("a Hessian of " + columns + " columns cannot have " + values.length + " values");
        }
        if (tokens < 0) {
            throw new IllegalArgumentException("negative token count " + tokens);
        }
    }

    /** The sums gathered by a {@link Gram}, unnormalised; shares its array. */
    public static Hessian of(Gram gram) {
        return new Hessian(gram.columns(), gram.matrix(), gram.tokens());
    }

    /** Second moment of one input. */
    public float diagonal(int column) {
        return values[column * columns + column];
    }
}
