package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/** Q5_1: half scale d, half minimum m, 32 fifth bits, 16 bytes of nibbles, as in Q5_0; w = d·q + m. */
public final class BlockQ51 implements BlockCodec {
    @Override
    public int blockElements() {
        return 32;
    }

    @Override
    public int blockBytes() {
        return 24;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        float d = LittleEndian.half(source, at);
        float m = LittleEndian.half(source, at + 2);
        int fifth = LittleEndian.bits32(source, at + 4);
        for (int i = 0; i < 16; i++) {
            int pair = LittleEndian.unsignedByte(source, at + 8 + i);
            target[offset + i] = ((pair & 15) | (((fifth >>> i) & 1) << 4)) * d + m;
            target[offset + i + 16] = ((pair >> 4) | (((fifth >>> (i + 16)) & 1) << 4)) * d + m;
        }
    }
}
