package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/**
 * Q3_K: 256 elements in 16 runs of 16. 32 bytes of high bits (bit b of byte i: element 32·b + i), 64 bytes of low 2-bit codes
 * as in Q2_K, 12 bytes with 16 scales of 6 bits, half d. w = d·(s − 32)·(q − 4), q with its high bit.
 */
public final class BlockQ3K implements BlockCodec {
    @Override
    public int blockElements() {
        return 256;
    }

    @Override
    public int blockBytes() {
        return 110;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        float d = LittleEndian.half(source, at + 108);
        for (int run = 0; run < 16; run++) {
            float scale = d * (scale(source, at + 96, run) - 32);
            long low = at + 32 + 32L * (run / 8) + 16L * (run % 2);
            long high = at + 16L * (run % 2);
            int shift = run % 8 / 2 * 2;
            for (int i = 0; i < 16; i++) {
                int code = LittleEndian.unsignedByte(source, low + i) >> shift & 3;
                int highBit = (LittleEndian.unsignedByte(source, high + i) >> (run / 2)) & 1;
                target[offset + run * 16 + i] = scale * ((code | highBit << 2) - 4);
            }
        }
    }

    /** Low four bits: nibbles of bytes 0–7, first all low ones; high two bits: bytes 8–11, four runs to a byte column. */
    private static int scale(MemorySegment source, long scales, int run) {
        int low = (LittleEndian.unsignedByte(source, scales + run % 8) >> (run / 8 * 4)) & 15;
        int high = (LittleEndian.unsignedByte(source, scales + 8 + run % 4) >> (run / 4 * 2)) & 3;
        return low | high << 4;
    }
}
