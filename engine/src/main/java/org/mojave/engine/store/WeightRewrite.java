package org.mojave.engine.store;

import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.VectorRole;

/**
 * Other weights in place of a model's own, of the same shapes: asked once for each when {@link Weights#rewritten} is called. What is not
 * to change is given back as it is; arrays given are shared and not to be changed.
 */
public interface WeightRewrite {
    /** The matrix in place of {@code original}; it may decode lazily. */
    Matrix matrix(MatrixId id, Matrix original);

    /** The bias of matrix {@code id}. */
    float[] bias(MatrixId id, float[] original);

    /** A vector of a layer, or outside the layers. */
    float[] vector(VectorRole role, int layer, float[] original);
}
