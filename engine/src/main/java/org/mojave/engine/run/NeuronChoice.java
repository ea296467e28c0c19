package org.mojave.engine.run;

import java.util.BitSet;

/**
 * Decides what of a token's experts is left out: neurons (components between the projections) and inputs, in blocks that need not be read.
 * Asked in generation only, where each expert meets one token at a time; changes results. For one decoder.
 *
 * <p>Example: {@code new Decoder(model, workers, RunParts.of(model, path).neurons(Optional.of(choice)))}.
 */
public interface NeuronChoice {
    /** How experts are computed. */
    enum Way {
        /** The gate projection first; up and down projections only of the neurons whose activation is large (CATS, arXiv 2404.08763). */
        GATE_FIRST,
        /** Inputs of gate and up, and neurons, by size times the norm of the column that they meet (WINA, arXiv 2505.19427, equation 4). */
        BY_COLUMN_NORMS
    }

    /** What a question is about. */
    enum Part {
        /** Inputs of gate and up projection. */
        INPUTS,
        /** Neurons. */
        NEURONS
    }

    /**
     * What is asked about.
     *
     * @param layer the transformer layer
     * @param token number in the call
     * @param expert of that layer
     * @param part inputs or neurons
     */
    record Question(int layer, int token, int expert, Part part) {}

    /**
     * What a layer's experts took.
     *
     * @param bytes of the matrices of a call's experts, each token's counted
     * @param spared of these not read
     */
    record Reads(long bytes, long spared) {}

    /** How experts are computed; always the same. */
    Way way();

    /** A layer with experts begins a call; nothing is asked before {@link #ends} if {@code tokens} are computed exactly. */
    void begins(int layer, int tokens);

    /**
     * The blocks that are kept, at least one.
     *
     * @param scores one for each block; NaN where something is not finite
     */
    BitSet kept(Question question, float[] scores);

    /** All questions about the layer have been asked, in any order of its experts. */
    void ends(int layer, Reads reads);
}
