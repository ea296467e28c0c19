package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/** Q4_1: half scale d, half minimum m, 16 bytes of nibbles as in Q4_0; w = d·q + m. */
public final class BlockQ41 implements BlockCodec {
    @Override
    public int blockElements() {
        return 32;
    }

    @Override
    public int blockBytes() {
        return 20;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        float d = LittleEndian.half(source, at);
        float m = LittleEndian.half(source, at + 2);
        for (int i = 0; i < 16; i++) {
            int pair = LittleEndian.unsignedByte(source, at + 4 + i);
            target[offset + i] = (pair & 15) * d + m;
            target[offset + i + 16] = (pair >> 4) * d + m;
        }
    }
}
