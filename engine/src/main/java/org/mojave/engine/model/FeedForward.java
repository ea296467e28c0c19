package org.mojave.engine.model;

import java.util.Optional;

/** The feed-forward half of one layer. */
public sealed interface FeedForward {
    /** One network for all tokens. */
    record Dense(int intermediate, Gating gating, boolean bias) implements FeedForward {}

    /**
     * Routed experts, and perhaps one that all tokens share.
     *
     * @param intermediate hidden size of one expert
     * @param bias whether the experts' projections carry biases
     */
    record Mixture(Router router, int intermediate, Gating gating, boolean bias, Optional<Shared> shared)
            implements FeedForward {}

    /**
     * The shared expert (several of a config are one network with the sum of their sizes).
     *
     * @param gated whether its output is multiplied by sigmoid(x · SHARED_ROUTER)
     */
    record Shared(int intermediate, Gating gating, boolean gated, boolean bias) {}
}
