package org.mojave.engine.store;

import java.util.Locale;
import org.mojave.engine.kernel.Matrix;
import org.mojave.format.tensor.TensorData;

/**
 * FP8 codes with one scale per block (DeepSeek-V3, section 3.3.2): weight[i][j] = code[i][j] · scale[i/blockRows][j/blockColumns].
 *
 * @param codes [rows, columns]
 * @param scales {@code weight_scale_inv}, decoded, [⌈rows/blockRows⌉, ⌈columns/blockColumns⌉]
 */
record BlockScaledMatrix(TensorData codes, float[] scales, int blockRows, int blockColumns) implements Matrix {
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
        return codes.bytes().byteSize() + 4L * scales.length;
    }

    @Override
    public String storage() {
        return codes.type().wireName().toLowerCase(Locale.ROOT);
    }

    @Override
    public void decode(int firstRow, int rowCount, float[] target, int offset) {
        int columns = columns();
        codes.decode((long) firstRow * columns, target, offset, Math.multiplyExact(rowCount, columns));
        int blocks = (columns + blockColumns - 1) / blockColumns;
        for (int r = 0; r < rowCount; r++) {
            int scaleRow = (firstRow + r) / blockRows * blocks;
            int start = offset + r * columns;
            for (int block = 0; block < blocks; block++) {
                float scale = scales[scaleRow + block];
                int end = Math.min(columns, (block + 1) * blockColumns);
                for (int c = block * blockColumns; c < end; c++) {
                    target[start + c] *= scale;
                }
            }
        }
    }
}
