package org.mojave.engine.model;

/** What a weight vector does, biases of matrices apart. */
public enum VectorRole {
    ATTENTION_NORM,
    ATTENTION_NORM_BIAS,
    FEED_FORWARD_NORM,
    FEED_FORWARD_NORM_BIAS,
    FINAL_NORM,
    FINAL_NORM_BIAS,
    QUERY_NORM,
    KEY_NORM,
    /** Norm of the compressed query (latent attention). */
    QUERY_LATENT_NORM,
    /** Norm of the compressed key-value vector (latent attention). */
    LATENT_NORM,
    /** One logit per head (gpt-oss). */
    SINKS,
    /** Added to the router's scores for the choice only, one per expert. */
    ROUTER_CORRECTION
}
