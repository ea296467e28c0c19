package org.mojave.engine.model;

import java.util.Locale;

/** What a weight matrix does in a model. The lower-case names are those of native checkpoints, reports and recipes. */
public enum MatrixRole {
    /** Token embedding [vocabulary, hidden]. */
    EMBEDDING,
    /** Output head [vocabulary, hidden]; absent where tied to the embedding. */
    HEAD,
    /** Query projection (grouped-query attention, or latent attention without query compression). */
    QUERY,
    KEY,
    VALUE,
    /** Latent attention: hidden to the compressed query. */
    QUERY_DOWN,
    /** Latent attention: compressed query to heads. */
    QUERY_UP,
    /** Latent attention: hidden to the compressed key-value vector and the shared rope key. */
    LATENT_DOWN,
    /** Latent attention: compressed key-value vector to the heads' keys and values. */
    LATENT_UP,
    /** Attention output projection. */
    OUTPUT,
    /** The router that picks experts [experts, hidden]. */
    ROUTER,
    /** SwiGLU gate projection of an expert, or of a dense feed-forward layer. */
    GATE,
    UP,
    DOWN,
    SHARED_GATE,
    SHARED_UP,
    SHARED_DOWN,
    /** The sigmoid gate [1, hidden] on the shared expert's output (Qwen2-MoE). */
    SHARED_ROUTER;

    /** Whether it decides which experts run, or how much the shared one counts, rather than computing what they say. */
    public boolean isRouter() {
        return this == ROUTER || this == SHARED_ROUTER;
    }

    /** The spelling in files. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
