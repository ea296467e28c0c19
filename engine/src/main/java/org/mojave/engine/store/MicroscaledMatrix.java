package org.mojave.engine.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.mojave.engine.kernel.Matrix;
import org.mojave.format.tensor.TensorData;

/**
 * MXFP4 (OCP Microscaling Formats 1.0, section 5.3) as gpt-oss ships it: rows {@code first}, {@code first + step}, … of
 * one expert's blocks.
 *
 * @param blocks [all rows, columns/32, 16] bytes, two E2M1 codes each, low nibble first
 * @param scales [all rows, columns/32] bytes, exponent + 127
 */
record MicroscaledMatrix(TensorData blocks, TensorData scales, int first, int step, int rows) implements Matrix {
    /** Weights that share a scale. */
    static final int BLOCK = 32;

    private static final float[] CODES = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

    @Override
    public int columns() {
        return blocks.dimension(1) * BLOCK;
    }

    @Override
    public long storedBytes() {
        return (long) rows * blocks.dimension(1) * (BLOCK / 2 + 1);
    }

    @Override
    public String storage() {
        return "mxfp4";
    }

    @Override
    public void decode(int firstRow, int rowCount, float[] target, int offset) {
        int groups = blocks.dimension(1);
        MemorySegment codes = blocks.bytes();
        for (int r = 0; r < rowCount; r++) {
            long group = (first + (long) (firstRow + r) * step) * groups;
            int out = offset + r * groups * BLOCK;
            for (int g = 0; g < groups; g++) {
                int exponent = scales.bytes().get(ValueLayout.JAVA_BYTE, group + g) & 0xff;
                float scale = exponent == 255 ? Float.NaN : (float) Math.scalb(1.0, exponent - 127);
                for (int i = 0; i < BLOCK / 2; i++) {
                    int pair = codes.get(ValueLayout.JAVA_BYTE, (group + g) * (BLOCK / 2) + i);
                    target[out++] = CODES[pair & 15] * scale;
                    target[out++] = CODES[(pair >> 4) & 15] * scale;
                }
            }
        }
    }
}
