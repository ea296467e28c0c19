package org.mojave.engine.model;

import java.util.Optional;

/** The attention of one layer. */
public sealed interface Attention {
    /** Query heads. */
    int heads();

    /** Rotary embedding; empty for a layer without positions. */
    Optional<Rope> rope();

    /** Which positions a query sees. */
    Mask mask();

    /** Multiplies query · key. */
    double scale();

    /** Components of a query and of a key. */
    int keyDimension();

    /** Components of a value. */
    int valueDimension();

    /** Heads of keys and values as they are cached. */
    int keyValueHeads();

    /** Which projections carry a bias. */
    Biases biases();

    /** Whether each head has a sink logit that takes part in the softmax and has no value (gpt-oss). */
    boolean sinks();

    /**
     * Biases of the projections.
     *
     * @param input of query, key and value (latent attention: of the down projections)
     * @param output of the output projection
     */
    record Biases(boolean input, boolean output) {}

    /**
     * Query temperature of layers without rope (Llama 4): q · (ln(floor((position + 1) / floor) + 1) · scale + 1).
     *
     * @param scale {@code attn_scale}
     * @param floor {@code floor_scale}
     */
    record Temperature(double scale, double floor) {}

    /**
     * Multi-head or grouped-query attention.
     *
     * @param clip symmetric limit of query, key and value (OLMoE), 0 for none
     */
    record GroupedQuery(int heads, int keyValueHeads, int headDimension, Optional<Rope> rope, Mask mask, double scale,
            Biases biases, QueryKeyNorm norm, double clip, boolean sinks, Optional<Temperature> temperature)
            implements Attention {
        public GroupedQuery {
            if (heads < 1 || keyValueHeads < 1 || heads % keyValueHeads != 0) {
                throw new IllegalArgumentException(heads + " query heads cannot share " + keyValueHeads + " key-value heads");
            }
            if (rope.isPresent() && rope.get().dimension() > headDimension) {
                throw new IllegalArgumentException("rope rotates " + rope.get().dimension() + " of " + headDimension
                        + " components");
            }
        }

        @Override
        public int keyDimension() {
            return headDimension;
        }

        @Override
        public int valueDimension() {
            return headDimension;
        }
    }

    /**
     * Multi-head latent attention (DeepSeek-V2, section 2.1): keys and values are expanded from one compressed vector;
     * one rope key is shared by all heads.
     *
     * @param queryRank size of the compressed query, 0 for a plain query projection
     * @param latentRank size of the compressed key-value vector
     * @param plainDimension components of a head without position
     * @param ropeDimension components of a head with rope
     */
    record Latent(int heads, int queryRank, int latentRank, int plainDimension, int ropeDimension, int valueDimension,
            Rope latentRope, Mask mask, double scale, Biases biases) implements Attention {
        /** Epsilon of the norms of compressed vectors: the official code does not take it from the config. */
        public static final double NORM_EPSILON = 1e-6;

        @Override
        public Optional<Rope> rope() {
            return Optional.of(latentRope);
        }

        @Override
        public int keyDimension() {
            return plainDimension + ropeDimension;
        }

        @Override
        public int keyValueHeads() {
            return heads;
        }

        @Override
        public boolean sinks() {
            return false;
        }
    }
}
