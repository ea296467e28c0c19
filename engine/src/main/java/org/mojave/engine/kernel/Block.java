package org.mojave.engine.kernel;

/**
 * A row-major block inside an array: row r starts at {@code values[offset + r·stride]}. The array is shared, not copied.
 *
 * @param values the array
 * @param offset index of the first element
 * @param stride distance between rows
 */
public record Block(float[] values, int offset, int stride) {
    public Block {
        if (offset < 0 || stride < 0) {
            throw new IllegalArgumentException("negative offset " + offset + " or stride " + stride);
        }
    }

    /** The block that starts {@code rows} and {@code columns} further on. */
    public Block at(int rows, int columns) {
        return new Block(values, Math.addExact(offset, Math.addExact(Math.multiplyExact(rows, stride), columns)), stride);
    }

    /** Throws unless {@code rows} × {@code columns} elements lie inside the array. */
    void check(int rows, int columns) {
        if (rows > 0 && columns > 0 && ((long) offset + (long) (rows - 1) * stride + columns > values.length || stride < columns)) {
            throw new IllegalArgumentException("block of " + rows + " × " + columns + " at " + offset + " with stride " + stride
                    + " leaves an array of " + values.length);
        }
    }
}
