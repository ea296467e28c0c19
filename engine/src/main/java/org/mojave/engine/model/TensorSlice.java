package org.mojave.engine.model;

/**
 * Where a matrix or bias lies in a checkpoint's tensor. Row r of the matrix is row (if {@code transposed}: column)
 * {@code first + r · step} of the tensor, or of the expert's part of it where {@code stacked}.
 *
 * @param tensor full tensor name
 * @param stacked whether the tensor holds all experts along its first dimension
 * @param transposed whether the tensor is [input, output]
 * @param first first row (or column)
 * @param step distance of neighbouring rows (or columns)
 */
public record TensorSlice(String tensor, boolean stacked, boolean transposed, int first, int step) {
    /** A tensor that is the matrix. */
    public static TensorSlice whole(String tensor) {
        return new TensorSlice(tensor, false, false, 0, 1);
    }

    /** Rows from {@code first} of a tensor that joins several matrices. */
    public static TensorSlice rows(String tensor, int first) {
        return new TensorSlice(tensor, false, false, first, 1);
    }

    /** The experts' tensors, one after the other, rows from {@code first}. */
    public static TensorSlice stacked(String tensor, int first) {
        return new TensorSlice(tensor, true, false, first, 1);
    }

    /** The experts' transposed tensors, columns {@code first}, {@code first + step}, … */
    public static TensorSlice stackedTransposed(String tensor, int first, int step) {
        return new TensorSlice(tensor, true, true, first, step);
    }
}
