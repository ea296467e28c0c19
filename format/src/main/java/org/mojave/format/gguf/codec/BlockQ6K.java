package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/**
 * Q6_K: 256 elements in 16 runs of 16. 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 signed scales s, half d. Each
 * half block of 128 elements has four quarters of 32: quarters 0 and 1 in low nibbles, 2 and 3 in high ones.
 * w = (d·s)·(q − 32).
 */
public final class BlockQ6K implements BlockCodec {
    @Override
    public int blockElements() {
        return 256;
    }

    @Override
    public int blockBytes() {
        return 210;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        float d = LittleEndian.half(source, at + 208);
        for (int run = 0; run < 16; run++) {
            float scale = d * LittleEndian.signedByte(source, at + 192 + run);
            int quarter = run % 8 / 2;
            int column = run % 2 * 16;
            long low = at + 64L * (run / 8) + 32L * (quarter % 2) + column;
            long high = at + 128 + 32L * (run / 8) + column;
            for (int i = 0; i < 16; i++) {
                int nibble = (LittleEndian.unsignedByte(source, low + i) >> (quarter / 2 * 4)) & 15;
                int pair = (LittleEndian.unsignedByte(source, high + i) >> (quarter * 2)) & 3;
                target[offset + run * 16 + i] = scale * ((nibble | pair << 4) - 32);
            }
        }
    }
}
