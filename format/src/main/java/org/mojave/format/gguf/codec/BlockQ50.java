package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/** Q5_0: half scale d, 32 fifth bits (bit i belongs to element i), 16 bytes of nibbles as in Q4_0; w = d·(q − 16). */
public final class BlockQ50 implements BlockCodec {
    @Override
    public int blockElements() {
        return 32;
    }

    @Override
    public int blockBytes() {
        return 22;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        float d = LittleEndian.half(source, at);
        int fifth = LittleEndian.bits32(source, at + 2);
        for (int i = 0; i < 16; i++) {
            int pair = LittleEndian.unsignedByte(source, at + 6 + i);
            target[offset + i] = (((pair & 15) | (((fifth >>> i) & 1) << 4)) - 16) * d;
            target[offset + i + 16] = (((pair >> 4) | (((fifth >>> (i + 16)) & 1) << 4)) - 16) * d;
        }
    }
}
