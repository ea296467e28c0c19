package org.mojave.engine.model;

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
}
