package org.mojave.format.block;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.EncodedRows;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.TensorData;

/**
 * MXFP4 (OCP Microscaling Formats 1.0, sections 5.3 and 6.3) as gpt-oss ships it: 32 neighbouring columns are 16 bytes, two
 * E2M1 codes each, the earlier column in the low nibble, with one scale 2^(byte − 127); scale byte 255 is NaN.
 *
 * @param blocks U8 [rows, columns/32, 16]: one expert's part of a {@code *_blocks} tensor
 * @param scales U8 [rows, columns/32]: the same expert's part of {@code *_scales}
 */
public record Mxfp4Rows(TensorData blocks, TensorData scales) implements EncodedRows {
    /** Columns that share a scale. */
    public static final int BLOCK_COLUMNS = 32;
    private static final int BLOCK_BYTES = BLOCK_COLUMNS / 2;
    /** E2M1: sign, two exponent bits with bias 1, one mantissa bit. */
    private static final float[] CODES = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

    /** Throws {@link CheckpointException} if the two tensors do not fit each other. */
    public Mxfp4Rows {
        List<Long> shape = blocks.shape();
        if (blocks.type() != ElementType.U8 || shape.size() != 3 || shape.get(2) != BLOCK_BYTES) {
            throw new CheckpointException("tensor " + blocks.name(), "is " + blocks.type() + shape
                    + " where MXFP4 blocks U8 [rows, columns/32, 16] are expected");
        }
        if (scales.type() != ElementType.U8 || !scales.shape().equals(shape.subList(0, 2))) {
            throw new CheckpointException("tensor " + scales.name(), "is " + scales.type() + scales.shape()
                    + ", but the blocks need scales U8 " + shape.subList(0, 2));
        }
    }

    @Override
    public int rows() {
        return blocks.dimension(0);
    }

    @Override
    public int columns() {
        return Math.multiplyExact(blocks.dimension(1), BLOCK_COLUMNS);
    }

    @Override
    public long storedBytes() {
        return blocks.bytes().byteSize() + scales.bytes().byteSize();
    }

    @Override
    public String encoding() {
        return "mxfp4";
    }

    @Override
    public void decode(int first, int count, float[] target, int offset) {
        int perRow = blocks.dimension(1);
        MemorySegment codes = blocks.bytes();
        long block = (long) first * perRow;
        int blockCount = Math.multiplyExact(count, perRow);
        int out = offset;
        for (int b = 0; b < blockCount; b++, block++) {
            int exponent = scales.bytes().get(ValueLayout.JAVA_BYTE, block) & 0xff;
            float scale = exponent == 255 ? Float.NaN : (float) Math.scalb(1.0, exponent - 127);
            for (int i = 0; i < BLOCK_BYTES; i++) {
                int pair = codes.get(ValueLayout.JAVA_BYTE, block * BLOCK_BYTES + i);
                target[out++] = CODES[pair & 15] * scale;
                target[out++] = CODES[(pair >> 4) & 15] * scale;
            }
        }
    }
}
