package org.mojave.engine.model;

/** Root-mean-square normalisation of queries and keys. */
public enum QueryKeyNorm {
    NONE,
    /** Each head by itself, weights [head dimension], before rope (Qwen3, GLM-4, dots1). */
    PER_HEAD,
    /** The whole projection at once, weights [heads · head dimension], before rope (OLMoE). */
    WHOLE,
    /** Each head, without weights, after rope (Llama 4). */
    UNWEIGHTED_AFTER_ROPE
}
