package org.mojave.engine.store;

import org.mojave.engine.kernel.Matrix;
import org.mojave.format.tensor.EncodedRows;

/**
 * Rows {@code first}, {@code first + step}, … of a matrix whose encoding {@code format} knows: FP8 with block scales, MXFP4,
 * the block types of GGUF.
 */
record EncodedMatrix(EncodedRows source, int first, int step, int rows) implements Matrix {
    EncodedMatrix {
        if (rows < 1 || first < 0 || step < 1 || first + (rows - 1L) * step >= source.rows()) {
            throw new IllegalArgumentException(rows + " rows from " + first + " in steps of " + step + " of " + source.rows());
        }
    }

    /** All rows. */
    static EncodedMatrix of(EncodedRows source) {
        return new EncodedMatrix(source, 0, 1, source.rows());
    }

    @Override
    public int columns() {
        return source.columns();
    }

    @Override
    public long storedBytes() {
        return source.storedBytes() / source.rows() * rows;
    }

    @Override
    public String storage() {
        return source.encoding();
    }

    @Override
    public void decode(int firstRow, int rowCount, float[] target, int offset) {
        if (step == 1) {
            source.decode(first + firstRow, rowCount, target, offset);
            return;
        }
        for (int r = 0; r < rowCount; r++) {
            source.decode(first + (firstRow + r) * step, 1, target, offset + r * columns());
        }
    }
}
