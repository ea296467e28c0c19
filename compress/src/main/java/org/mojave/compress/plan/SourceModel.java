package org.mojave.compress.plan;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.TensorNames;
import org.mojave.engine.model.VectorRole;
import org.mojave.format.checkpoint.Checkpoint;

/**
 * The model to be compressed: its description, its tensors and what its family calls them.
 *
 * @param spec description
 * @param names role to tensor
 * @param checkpoint tensors; belongs to the caller
 */
public record SourceModel(ModelSpec spec, TensorNames names, Checkpoint checkpoint) {
    /** Weights, biases and vectors that the model uses; a tied head counts once. */
    public long parameters() {
        long count = 0;
        for (MatrixId id : spec.matrices()) {
            count += (long) spec.shape(id).rows() * spec.shape(id).columns();
            count += spec.hasBias(id) ? spec.shape(id).rows() : 0;
        }
        for (int layer = MatrixId.NONE; layer < spec.layers().size(); layer++) {
            for (VectorRole role : spec.vectors(layer)) {
                count += spec.length(role, layer);
            }
        }
        return count;
    }

    /** Tensors of the vectors of a layer ({@link MatrixId#NONE}: outside the layers). */
    public Set<String> vectorTensors(int layer) {
        Set<String> tensors = new LinkedHashSet<>();
        for (VectorRole role : spec.vectors(layer)) {
            tensors.add(names.vector(role, layer));
        }
        return tensors;
    }

    /** Tensors of the biases of these matrices. */
    public Set<String> biasTensors(List<MatrixId> matrices) {
        Set<String> tensors = new LinkedHashSet<>();
        for (MatrixId id : matrices) {
            if (spec.hasBias(id)) {
                tensors.add(names.bias(id).tensor());
            }
        }
        return tensors;
    }
}
