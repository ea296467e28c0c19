package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/**
 * Q5_K: as Q4_K, with 32 bytes of fifth bits (bit r of byte i: element i of run r) between scales and nibbles.
 * w = (d·s)·q − e·m.
 */
public final class BlockQ5K implements BlockCodec {
    @Override
    public int blockElements() {
        return 256;
    }

    @Override
    public int blockBytes() {
        return 176;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        float d = LittleEndian.half(source, at);
        float e = LittleEndian.half(source, at + 2);
        for (int run = 0; run < 8; run++) {
            float scale = d * SixBitScales.scale(source, at + 4, run);
            float minimum = e * SixBitScales.minimum(source, at + 4, run);
            long codes = at + 48 + 32L * (run / 2);
            int shift = run % 2 * 4;
            for (int i = 0; i < 32; i++) {
                int code = LittleEndian.unsignedByte(source, codes + i) >> shift & 15;
                int fifth = LittleEndian.unsignedByte(source, at + 16 + i) >> run & 1;
                target[offset + run * 32 + i] = scale * (code | fifth << 4) - minimum;
            }
        }
    }
}
