package org.mojave.engine.store;

import org.mojave.engine.model.MatrixRole;

/** What of an expert is needed, and read, at a time. */
public enum ExpertPart {
    /** Gate and up projection: first in the file and in the computation. */
    GATE_UP,
    /** Down projection. */
    DOWN;

    /** The part that a routed expert's matrix belongs to; throws IllegalArgumentException for other matrices. */
    public static ExpertPart of(MatrixRole role) {
        return switch (role) {
            case GATE, UP -> GATE_UP;
            case DOWN -> DOWN;
            case EMBEDDING, HEAD, QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, OUTPUT, ROUTER, SHARED_GATE, SHARED_UP,
                    SHARED_DOWN, SHARED_ROUTER -> throw new IllegalArgumentException(role + " is no matrix of a routed expert");
        };
    }
}
