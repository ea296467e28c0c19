package org.mojave.cli.inspect;

import org.mojave.engine.model.MatrixShape;

/**
 * Matrices that are alike: same role, shape and storage.
 *
 * @param role the role's name, with {@code expert} before it where it belongs to routed experts
 * @param shape output × input features
 * @param storage {@code bf16}, {@code 4g128s}, …
 * @param count how many
 * @param parameters of all of them
 * @param bytes of all of them, scales and padding included
 * @param bitsPerWeight bytes × 8 / parameters
 */
public record MatrixKind(String role, MatrixShape shape, String storage, int count, long parameters, long bytes, double bitsPerWeight) {
    /** One matrix. */
    static MatrixKind one(String role, MatrixShape shape, String storage, long bytes) {
        long parameters = (long) shape.rows() * shape.columns();
        return new MatrixKind(role, shape, storage, 1, parameters, bytes, bytes * 8.0 / parameters);
    }

    /** Both kinds together, which must be alike. */
    MatrixKind and(MatrixKind other) {
        long allParameters = parameters + other.parameters;
        long allBytes = bytes + other.bytes;
        return new MatrixKind(role, shape, storage, count + other.count, allParameters, allBytes, allBytes * 8.0 / allParameters);
    }
}
