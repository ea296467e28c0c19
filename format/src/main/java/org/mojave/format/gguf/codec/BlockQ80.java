package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/** Q8_0: half scale d, 32 signed bytes q; w = d·q. */
public final class BlockQ80 implements BlockEncoder {
    @Override
    public int blockElements() {
        return 32;
    }

    @Override
    public int blockBytes() {
        return 34;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        float d = LittleEndian.half(source, at);
        for (int i = 0; i < 32; i++) {
            target[offset + i] = LittleEndian.signedByte(source, at + 2 + i) * d;
        }
    }

    /** d = max|w| / 127; codes are rounded with d before it becomes a half, halves away from zero. */
    @Override
    public void encodeBlock(float[] source, int offset, MemorySegment target, long at) {
        float largest = 0;
        for (int i = 0; i < 32; i++) {
            largest = Math.max(largest, Math.abs(source[offset + i]));
        }
        float d = largest / 127;
        float inverse = d == 0 ? 0 : 1 / d;
        LittleEndian.putHalf(target, at, d);
        for (int i = 0; i < 32; i++) {
            double scaled = source[offset + i] * inverse;
            int magnitude = (int) (Math.abs(scaled) + 0.5);
            LittleEndian.putByte(target, at + 2 + i, scaled < 0 ? -magnitude : magnitude);
        }
    }
}
