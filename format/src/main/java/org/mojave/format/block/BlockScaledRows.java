package org.mojave.format.block;

import java.util.List;
import java.util.Locale;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.EncodedRows;
import org.mojave.format.tensor.TensorData;

/**
 * A matrix of small floats with one scale for each rectangular block, as DeepSeek-V3 ships it (DeepSeek-V3 technical
 * report, section 3.3.2): {@code w[i][j] = code[i][j] · scale[i / blockRows][j / blockColumns]}, a product in float32. Blocks
 * at the right and lower edge may be partial.
 *
 * @param codes [rows, columns], F8_E4M3 as a rule
 * @param scales [⌈rows/blockRows⌉, ⌈columns/blockColumns⌉], called {@code weight_scale_inv} in the files although it is
 *     multiplied with
 * @param blockRows rows of a block
 * @param blockColumns columns of a block
 */
public record BlockScaledRows(TensorData codes, TensorData scales, int blockRows, int blockColumns) implements EncodedRows {
    /** Throws {@link CheckpointException} if the two tensors do not fit each other. */
    public BlockScaledRows {
        if (blockRows < 1 || blockColumns < 1) {
            throw new CheckpointException("tensor " + codes.name(), "block size " + blockRows + " × " + blockColumns);
        }
        if (codes.shape().size() != 2 || !codes.type().isFloat()) {
            throw new CheckpointException("tensor " + codes.name(), "is not a float matrix: " + codes.type() + codes.shape());
        }
        List<Long> needed = List.of((codes.shape().get(0) + blockRows - 1) / blockRows,
                (codes.shape().get(1) + blockColumns - 1) / blockColumns);
        if (!scales.shape().equals(needed) || !scales.type().isFloat()) {
            throw new CheckpointException("tensor " + scales.name(), "is " + scales.type() + scales.shape()
                    + ", but the weights of shape " + codes.shape() + " in blocks of " + blockRows + " × " + blockColumns
                    + " need float scales of shape " + needed);
        }
    }

    @Override
    public int rows() {
        return codes.dimension(0);
    }

    @Override
    public int columns() {
        return codes.dimension(1);
    }

    @Override
    public long storedBytes() {
        return codes.bytes().byteSize() + scales.bytes().byteSize();
    }

    @Override
    public String encoding() {
        return codes.type().wireName().toLowerCase(Locale.ROOT);
    }

    @Override
    public void decode(int first, int count, float[] target, int offset) {
        int columns = columns();
        int blocks = scales.dimension(1);
        codes.decode((long) first * columns, target, offset, Math.multiplyExact(count, columns));
        float[] rowScales = new float[blocks];
        for (int r = 0; r < count; r++) {
            int row = first + r;
            if (r == 0 || row % blockRows == 0) {
                scales.decode((long) (row / blockRows) * blocks, rowScales, 0, blocks);
            }
            scaleRow(target, offset + r * columns, rowScales);
        }
    }

    private void scaleRow(float[] target, int offset, float[] rowScales) {
        int columns = columns();
        for (int block = 0; block < rowScales.length; block++) {
            int end = (int) Math.min(columns, (block + 1L) * blockColumns);
            for (int c = block * blockColumns; c < end; c++) {
                target[offset + c] *= rowScales[block];
            }
        }
    }
}
