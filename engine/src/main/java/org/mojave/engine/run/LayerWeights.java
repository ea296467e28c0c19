package org.mojave.engine.run;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.store.Weights;

/**
 * The weights of one layer as an immutable value, of which single matrices can be replaced.
 *
 * <p>Example: {@code LayerWeights.of(spec, weights, 3).with(new MatrixId(MatrixRole.DOWN, 3, 5), quantized)}.
 */
public final class LayerWeights {
    private final int layer;
    private final LayerSpec spec;
    private final Map<MatrixId, Matrix> matrices;
    private final Map<MatrixId, float[]> biases;
    private final Map<VectorRole, float[]> vectors;

    private LayerWeights(int layer, LayerSpec spec, Map<MatrixId, Matrix> matrices, Map<MatrixId, float[]> biases,
            Map<VectorRole, float[]> vectors) {
        this.layer = layer;
        this.spec = spec;
        this.matrices = matrices;
        this.biases = biases;
        this.vectors = vectors;
    }

    /** The layer's weights as they lie in the checkpoint. */
    public static LayerWeights of(ModelSpec spec, Weights weights, int layer) {
        Map<MatrixId, Matrix> matrices = new HashMap<>();
        Map<MatrixId, float[]> biases = new HashMap<>();
        for (MatrixId id : spec.matrices(layer)) {
            matrices.put(id, weights.matrix(id));
            weights.bias(id).ifPresent(bias -> biases.put(id, bias));
        }
        Map<VectorRole, float[]> vectors = new EnumMap<>(VectorRole.class);
        for (VectorRole role : spec.vectors(layer)) {
            weights.vector(role, layer).ifPresent(vector -> vectors.put(role, vector));
        }
        return new LayerWeights(layer, spec.layer(layer), matrices, biases, vectors);
    }

    /** The same layer with one matrix replaced by another of the same shape. */
    public LayerWeights with(MatrixId id, Matrix replacement) {
        return with(Map.of(id, replacement));
    }

    /** The same layer with some matrices replaced by others of the same shapes. */
    public LayerWeights with(Map<MatrixId, ? extends Matrix> replacements) {
        Map<MatrixId, Matrix> changed = new HashMap<>(matrices);
        replacements.forEach((id, replacement) -> {
            Matrix old = matrix(id);
            if (old.rows() != replacement.rows() || old.columns() != replacement.columns()) {
                throw new IllegalArgumentException(id.name() + " is " + old.rows() + " × " + old.columns() + ", its replacement "
                        + replacement.rows() + " × " + replacement.columns());
            }
            changed.put(id, replacement);
        });
        return new LayerWeights(layer, spec, changed, biases, vectors);
    }

    /** The same layer with some vectors replaced by others of the same lengths. */
    public LayerWeights withVectors(Map<VectorRole, float[]> replacements) {
        Map<VectorRole, float[]> changed = new EnumMap<>(vectors);
        replacements.forEach((role, replacement) -> {
            float[] old = vectors.get(role);
            if (old == null || old.length != replacement.length) {
                throw new IllegalArgumentException("layer " + layer + ": " + role + " of " + (old == null ? "no" : old.length)
                        + " components cannot be replaced by " + replacement.length);
            }
            changed.put(role, replacement);
        });
        return new LayerWeights(layer, spec, matrices, biases, changed);
    }

    /** The layer's number. */
    public int layer() {
        return layer;
    }

    /** What the layer is. */
    public LayerSpec spec() {
        return spec;
    }

    /** The matrix; throws IllegalArgumentException if the layer has none of that name. */
    public Matrix matrix(MatrixId id) {
        Matrix matrix = matrices.get(id);
        if (matrix == null) {
            throw new IllegalArgumentException("layer " + layer + " has no matrix " + id.name());
        }
        return matrix;
    }

    /** The names of the layer's matrices. */
    public Set<MatrixId> matrices() {
        return Set.copyOf(matrices.keySet());
    }

    /** The bias of a matrix, or null. */
    float[] bias(MatrixId id) {
        return biases.get(id);
    }

    /** A vector, or null. */
    float[] vector(VectorRole role) {
        return vectors.get(role);
    }

    /** A matrix name of this layer. */
    MatrixId id(MatrixRole role) {
        return MatrixId.of(role, layer);
    }
}
