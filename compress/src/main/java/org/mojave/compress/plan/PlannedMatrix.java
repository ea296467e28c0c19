package org.mojave.compress.plan;

import java.util.Optional;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixShape;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/**
 * What shall become of one matrix.
 *
 * @param id which
 * @param shape output × input features
 * @param scheme how it is stored; empty if it is kept as it is
 */
public record PlannedMatrix(MatrixId id, MatrixShape shape, Optional<Scheme> scheme) {
    /** Where the parts of the packed matrix lie; only for a quantized one. */
    public PackedLayout layout() {
        return new PackedLayout(scheme.orElseThrow(), shape.rows(), shape.columns());
    }

    /** Number of weights. */
    public long weights() {
        return (long) shape.rows() * shape.columns();
    }
}
