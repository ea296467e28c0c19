package org.mojave.engine.model;

import java.util.Locale;

/**
 * Names one weight matrix of a model, whatever its family calls the tensor.
 *
 * @param role what it does
 * @param layer transformer layer, or {@link #NONE} for embedding and head
 * @param expert routed expert, or {@link #NONE}
 */
public record MatrixId(MatrixRole role, int layer, int expert) {
    /** Not in a layer, or not an expert's. */
    public static final int NONE = -1;

    /** A matrix of a layer that belongs to no routed expert. */
    public static MatrixId of(MatrixRole role, int layer) {
        return new MatrixId(role, layer, NONE);
    }

    /** A matrix outside the layers. */
    public static MatrixId of(MatrixRole role) {
        return new MatrixId(role, NONE, NONE);
    }

    /** {@code layers.3.experts.5.gate}, {@code layers.3.query}, {@code head}: the tensor name in a native checkpoint. */
    public String name() {
        String prefix = layer == NONE ? "" : "layers." + layer + (expert == NONE ? "." : ".experts." + expert + ".");
        return prefix + role.wireName();
    }

    /** Reads {@link #name()}; throws IllegalArgumentException that quotes it. */
    public static MatrixId parse(String name) {
        String[] parts = name.split("\\.", -1);
        try {
            MatrixRole role = MatrixRole.valueOf(parts[parts.length - 1].toUpperCase(Locale.ROOT));
            MatrixId id = new MatrixId(role, parts.length < 3 ? NONE : Integer.parseInt(parts[1]), parts.length < 5 ? NONE : Integer.parseInt(parts[3]));
            if (id.name().equals(name)) {
                return id;
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("not the name of a matrix: '" + name + "'", e);
        }
        throw new IllegalArgumentException("not the name of a matrix: '" + name + "'");
    }
}
