package org.mojave.engine.model;

/** What a family calls its tensors. Implementations answer for every matrix and vector that the family's spec has. */
public interface TensorNames {
    /** Where that matrix lies. */
    TensorSlice matrix(MatrixId id);

    /** Where that matrix's bias lies; asked only where the spec has one. */
    TensorSlice bias(MatrixId id);

    /** The tensor that holds a vector; {@code layer} is {@link MatrixId#NONE} outside the layers. */
    String vector(VectorRole role, int layer);
}
