package org.mojave.engine.store;

import java.util.Set;
import org.mojave.engine.kernel.Matrix;

/** A matrix and the tensors that it is read from. */
record Located(Matrix matrix, Set<String> tensors) {
    Located {
        tensors = Set.copyOf(tensors);
    }
}
