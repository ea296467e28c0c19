package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/** Q4_0: half scale d, 16 bytes with element i in the low and i + 16 in the high nibble; w = d·(q − 8). */
public final class BlockQ40 implements BlockEncoder {
    @Override
    public int blockElements() {
        return 32;
    }

    @Override
    public int blockBytes() {
        return 18;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        float d = LittleEndian.half(source, at);
        for (int i = 0; i < 16; i++) {
            int pair = LittleEndian.unsignedByte(source, at + 2 + i);
            target[offset + i] = ((pair & 15) - 8) * d;
            target[offset + i + 16] = ((pair >> 4) - 8) * d;
        }
    }

    /** d = w/−8 for the w of largest magnitude, so that this one is met exactly. */
    @Override
    public void encodeBlock(float[] source, int offset, MemorySegment target, long at) {
        float extreme = 0;
        for (int i = 0; i < 32; i++) {
            if (Math.abs(source[offset + i]) > Math.abs(extreme)) {
                extreme = source[offset + i];
            }
        }
        float d = extreme / -8;
        float inverse = d == 0 ? 0 : 1 / d;
        LittleEndian.putHalf(target, at, d);
        for (int i = 0; i < 16; i++) {
            int low = code(source[offset + i] * inverse);
            int high = code(source[offset + i + 16] * inverse);
            LittleEndian.putByte(target, at + 2 + i, low | high << 4);
        }
    }

    private static int code(float scaled) {
        return Math.min(15, (int) (scaled + 8.5f));
    }
}
