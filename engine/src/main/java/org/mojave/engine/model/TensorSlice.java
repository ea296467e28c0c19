package org.mojave.engine.model;

/**
 * Where a matrix or bias lies in a checkpoint's tensor. Row r of the matrix is row (if {@code transposed}: column)
 * {@code first(rows) + r · step} of the tensor, or of the expert's part of it where {@code stacked}.
 *
 * @param tensor full tensor name
 * @param stacked whether the tensor holds all experts along its first dimension
 * @param transposed whether the tensor is [input, output]
 * @param part which of the joined matrices it is, from 0
 * @param parts how many matrices of the same shape the tensor joins along the output dimension
 * @param interleaved whether their rows alternate, rather than follow each other
 */
public record TensorSlice(String tensor, boolean stacked, boolean transposed, int part, int parts, boolean interleaved) {
    public TensorSlice {
        if (part < 0 || part >= parts) {
            throw new IllegalArgumentException("part " + part + " of " + parts);
        }
    }

    /** A tensor that is the matrix. */
    public static TensorSlice whole(String tensor) {
        return new TensorSlice(tensor, false, false, 0, 1, false);
    }

    /** The experts' matrices, one after the other. */
    public static TensorSlice stacked(String tensor) {
        return new TensorSlice(tensor, true, false, 0, 1, false);
    }

    /** The same tensor, [input, output]. */
    public TensorSlice transpose() {
        return new TensorSlice(tensor, stacked, true, part, parts, interleaved);
    }

    /** One of two joined matrices. */
    public TensorSlice half(int which) {
        return new TensorSlice(tensor, stacked, transposed, which, 2, interleaved);
    }

    /** With alternating rows. */
    public TensorSlice alternate() {
        return new TensorSlice(tensor, stacked, transposed, part, parts, true);
    }

    /** The same place in another tensor, not transposed. */
    public TensorSlice in(String other) {
        return new TensorSlice(other, stacked, false, part, parts, interleaved);
    }

    /** First row in the tensor of a matrix with that many rows. */
    public int first(int rows) {
        return interleaved ? part : Math.multiplyExact(part, rows);
    }

    /** Distance of neighbouring rows. */
    public int step() {
        return interleaved ? parts : 1;
    }
}
