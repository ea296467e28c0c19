package org.mojave.format.tensor;

/**
 * A weight matrix {@code [rows, columns]} as some file stores it, decoded to float32 by whole rows. Immutable, safe for
 * several threads.
 */
public interface EncodedRows {
    /** Rows (output features). */
    int rows();

    /** Columns (input features). */
    int columns();

    /** Bytes in the file, scales included. */
    long storedBytes();

    /** Short name of the encoding for people: {@code f8_e4m3}, {@code mxfp4}, {@code q4_k}. */
    String encoding();

    /** Decodes rows {@code first} … {@code first + count − 1}, row-major, to {@code target[offset …]}. */
    void decode(int first, int count, float[] target, int offset);
}
