package org.mojave.compress.recipe;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.mojave.engine.model.MatrixId;

/** Matrices by what they do, as rules name them: groups, and every {@link org.mojave.engine.model.MatrixRole} by itself. */
public enum RuleRole {
    /** All projections of attention. */
    ATTENTION,
    /** The three projections of the routed experts. */
    EXPERT,
    /** The three projections of a layer without experts. */
    DENSE,
    /** The three projections of the experts that every token passes. */
    SHARED_EXPERT,
    EMBEDDING,
    HEAD,
    ROUTER,
    SHARED_ROUTER,
    QUERY,
    KEY,
    VALUE,
    QUERY_DOWN,
    QUERY_UP,
    LATENT_DOWN,
    LATENT_UP,
    OUTPUT,
    GATE,
    UP,
    DOWN,
    SHARED_GATE,
    SHARED_UP,
    SHARED_DOWN;

    /** Whether a matrix is one of these. */
    public boolean includes(MatrixId id) {
        return switch (this) {
            case ATTENTION, EXPERT, DENSE, SHARED_EXPERT -> group(id) == this;
            case EMBEDDING, HEAD, ROUTER, SHARED_ROUTER, QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, OUTPUT, GATE, UP,
                    DOWN, SHARED_GATE, SHARED_UP, SHARED_DOWN -> id.role().name().equals(name());
        };
    }

    /** The group of a matrix: {@code expert} rather than {@code gate}. */
    public static RuleRole group(MatrixId id) {
        return switch (id.role()) {
            case QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, OUTPUT -> ATTENTION;
            case GATE, UP, DOWN -> id.expert() == MatrixId.NONE ? DENSE : EXPERT;
            case SHARED_GATE, SHARED_UP, SHARED_DOWN -> SHARED_EXPERT;
            case EMBEDDING -> EMBEDDING;
            case HEAD -> HEAD;
            case ROUTER -> ROUTER;
            case SHARED_ROUTER -> SHARED_ROUTER;
        };
    }

    /** Whether these matrices are never quantized. */
    boolean alwaysKept() {
        return this == ROUTER || this == SHARED_ROUTER;
    }

    /** The spelling. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads {@link #wireName()}; throws {@link RecipeException} with all names. */
    public static RuleRole parse(String text) {
        return Arrays.stream(values()).filter(role -> role.wireName().equals(text)).findFirst().orElseThrow(() -> new RecipeException(
                "a rule for '" + text + "': no such role; write " + Arrays.stream(values()).map(RuleRole::wireName)
                        .collect(Collectors.joining(", "))));
    }
}
