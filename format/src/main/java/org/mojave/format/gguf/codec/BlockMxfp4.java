package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/**
 * MXFP4 as GGUF has it: a scale byte e, then 16 bytes of E2M1 codes, element i in the low nibble of byte i and element i + 16
 * in its high nibble; w = code · 2^(e − 127). Scale byte 255 is NaN.
 */
public final class BlockMxfp4 implements BlockCodec {
    private static final float[] CODES = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

    @Override
    public int blockElements() {
        return 32;
    }

    @Override
    public int blockBytes() {
        return 17;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        int exponent = LittleEndian.unsignedByte(source, at);
        float scale = exponent == 255 ? Float.NaN : (float) Math.scalb(1.0, exponent - 127);
        for (int i = 0; i < 16; i++) {
            int pair = LittleEndian.unsignedByte(source, at + 1 + i);
            target[offset + i] = CODES[pair & 15] * scale;
            target[offset + i + 16] = CODES[pair >> 4] * scale;
        }
    }
}
