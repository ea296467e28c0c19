package org.mojave.compress.job;

import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.format.packed.PackedLayout;

/**
 * Some rows of a matrix, quantized by themselves: every quantizer here treats the rows of a matrix independently, and the
 * packed rows of a slab are a contiguous part of the packed matrix.
 *
 * @param group whose Hessian counts
 * @param matrix which
 * @param firstRow a multiple of {@link PackedLayout#TILE_ROWS}
 * @param rows how many
 */
record Slab(InputGroup group, PlannedMatrix matrix, int firstRow, int rows) {
    /** Where the packed rows lie. */
    PackedLayout layout() {
        return new PackedLayout(matrix.scheme().orElseThrow(), rows, matrix.shape().columns());
    }

    /** Where they lie in the packed matrix. */
    long offset() {
        return firstRow / PackedLayout.TILE_ROWS * layout().tileBytes();
    }

    /** Whether it is the last of its matrix. */
    boolean isLast() {
        return firstRow + rows == matrix.shape().rows();
    }

    /** Number of weights. */
    long weights() {
        return (long) rows * matrix.shape().columns();
    }
}
