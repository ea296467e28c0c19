package org.mojave.engine.run;

import org.mojave.engine.model.MatrixId;

/** Sees the input of every linear of a layer before it is multiplied; used by calibration. */
@FunctionalInterface
public interface LinearObserver {
    /** Sees nothing. */
    LinearObserver NONE = new LinearObserver() {
        @Override
        public void input(MatrixId id, float[] x, int tokens, float[] affinity) {}

        @Override
        public boolean looks() {
            return false;
        }
    };

    /**
     * The input of one matrix.
     *
     * @param id the matrix that will be multiplied
     * @param x activations [tokens, columns], row-major from index 0; owned by the caller and overwritten later
     * @param tokens rows of {@code x}; for an expert only the tokens routed to it, and not called for none
     * @param affinity weight with which each row's output counts, for the matrices of a routed expert (its router weight) and of a gated
     *     shared expert (the sigmoid of its gate); from index 0, may be longer than {@code tokens}; null for all other matrices
     */
    void input(MatrixId id, float[] x, int tokens, float[] affinity);

    /** Whether {@link #input} does anything; if not, experts are computed together. */
    default boolean looks() {
        return true;
    }
}
