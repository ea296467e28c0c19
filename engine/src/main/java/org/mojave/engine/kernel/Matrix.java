package org.mojave.engine.kernel;

/**
 * A weight matrix {@code [rows, columns]} = [output features, input features] in whatever storage. Quantization is a
 * property of a matrix, never of a model. Implementations are immutable and safe for use by several threads.
 */
public interface Matrix {
    /** Output features. */
    int rows();

    /** Input features. */
    int columns();

    /** Bytes that this matrix occupies in its file or in memory, scales and padding included. */
    long storedBytes();

    /** Bits of the vectors that {@link #decode} works in; 0 if it goes element by element. */
    default int decodingBits() {
        return 0;
    }

    /** Short name of the storage for people: {@code bf16}, {@code 4g128s}, {@code q4_k}. */
    String storage();

    /**
     * Decodes whole rows to float32, row-major: row {@code firstRow + r} goes to {@code target[offset + r·columns()…]}.
     */
    void decode(int firstRow, int rowCount, float[] target, int offset);
}
