package org.mojave.compress.transform;

import java.util.Objects;
import java.util.Optional;
import org.mojave.compress.rotate.Rotation;
import org.mojave.engine.kernel.Matrix;

/**
 * A matrix changed as it is decoded: {@code Q_out · diag(1/divisor) · W · diag(factor) · Q_inᵀ}. Without Q_out a row costs little more
 * than the original's; with it every call decodes the whole matrix, because each row of the result is made of all rows.
 *
 * @param original W
 * @param factor [columns] what reads scaled channels, or reads behind a norm whose weights were taken away; null for ones
 * @param divisor [rows] what writes scaled channels; null for ones
 * @param input Q_in, what reads rotated channels
 * @param output Q_out, what writes rotated channels
 */
public record ChangedMatrix(Matrix original, float[] factor, float[] divisor, Optional<Rotation> input, Optional<Rotation> output)
        implements Matrix {
    public ChangedMatrix {
        require("factor", factor == null ? original.columns() : factor.length, original.columns());
        require("divisor", divisor == null ? original.rows() : divisor.length, original.rows());
        require("input rotation", input.map(Rotation::size).orElse(original.columns()), original.columns());
        require("output rotation", output.map(Rotation::size).orElse(original.rows()), original.rows());
    }

    private static void require(String what, int size, int expected) {
        if (size != expected) {
            throw new IllegalArgumentException(what + " of " + size + " channels for " + expected);
        }
    }

    /** Whether rows are mixed, so that it should be decoded as a whole. */
    public boolean mixesRows() {
        return output.isPresent();
    }

    @Override
    public int rows() {
        return original.rows();
    }

    @Override
    public int columns() {
        return original.columns();
    }

    @Override
    public long storedBytes() {
        return (long) rows() * columns() * Float.BYTES;
    }

    @Override
    public String storage() {
        return "f32";
    }

    @Override
    public void decode(int firstRow, int rowCount, float[] target, int offset) {
        Objects.checkFromIndexSize(firstRow, rowCount, rows());
        if (output.isEmpty()) {
            changeRows(firstRow, rowCount, target, offset);
            return;
        }
        float[] whole = new float[Math.multiplyExact(rows(), columns())];
        changeRows(0, rows(), whole, 0);
        output.get().rotateColumns(whole, columns());
        System.arraycopy(whole, firstRow * columns(), target, offset, rowCount * columns());
    }

    private void changeRows(int firstRow, int rowCount, float[] target, int offset) {
        original.decode(firstRow, rowCount, target, offset);
        double[] row = new double[columns()];
        for (int r = 0; r < rowCount; r++) {
            int at = offset + r * row.length;
            double inverse = divisor == null ? 1 : 1.0 / divisor[firstRow + r];
            for (int c = 0; c < row.length; c++) {
                row[c] = target[at + c] * inverse * (factor == null ? 1.0 : factor[c]);
            }
            input.ifPresent(rotation -> rotation.apply(row, 0));
            for (int c = 0; c < row.length; c++) {
                target[at + c] = (float) row[c];
            }
        }
    }
}
