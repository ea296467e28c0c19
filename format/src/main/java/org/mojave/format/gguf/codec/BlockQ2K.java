package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/**
 * Q2_K: 256 elements in 16 runs of 16. Byte r of the first 16 holds run r's scale s in its low and minimum m in its high
 * nibble; 64 bytes of 2-bit codes follow (each half block of 128 elements has 32 bytes, the element's quarter picks the bits),
 * then halves d and e. w = (d·s)·q − e·m.
 */
public final class BlockQ2K implements BlockCodec {
    @Override
    public int blockElements() {
        return 256;
    }

    @Override
    public int blockBytes() {
        return 84;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        float d = LittleEndian.half(source, at + 80);
        float e = LittleEndian.half(source, at + 82);
        for (int run = 0; run < 16; run++) {
            int packed = LittleEndian.unsignedByte(source, at + run);
            float scale = d * (packed & 15);
            float minimum = e * (packed >> 4);
            long codes = at + 16 + 32L * (run / 8) + 16L * (run % 2);
            int shift = run % 8 / 2 * 2;
            for (int i = 0; i < 16; i++) {
                int code = LittleEndian.unsignedByte(source, codes + i) >> shift & 3;
                target[offset + run * 16 + i] = scale * code - minimum;
            }
        }
    }
}
