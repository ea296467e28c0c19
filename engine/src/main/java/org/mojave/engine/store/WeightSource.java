package org.mojave.engine.store;

import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.VectorRole;

/** Where the matrices and vectors of a spec come from; checks their shapes. */
interface WeightSource {
    /** The matrix {@code id}, of the spec's shape. */
    Located matrix(MatrixId id);

    /** The bias of matrix {@code id}, with one element per row. */
    float[] bias(MatrixId id);

    /** A vector of a layer, or outside the layers, of the spec's length. */
    float[] vector(VectorRole role, int layer);
}
