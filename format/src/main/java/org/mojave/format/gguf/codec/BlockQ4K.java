package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/**
 * Q4_K: 256 elements in 8 runs of 32. Halves d and e, 12 bytes of six-bit scales s and minima m, 128 bytes of nibbles (32
 * bytes for two runs, the first in the low nibbles). w = (d·s)·q − e·m.
 */
public final class BlockQ4K implements BlockCodec {
    @Override
    public int blockElements() {
        return 256;
    }

    @Override
    public int blockBytes() {
        return 144;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        float d = LittleEndian.half(source, at);
        float e = LittleEndian.half(source, at + 2);
        for (int run = 0; run < 8; run++) {
            float scale = d * SixBitScales.scale(source, at + 4, run);
            float minimum = e * SixBitScales.minimum(source, at + 4, run);
            long codes = at + 16 + 32L * (run / 2);
            int shift = run % 2 * 4;
            for (int i = 0; i < 32; i++) {
                int code = LittleEndian.unsignedByte(source, codes + i) >> shift & 15;
                target[offset + run * 32 + i] = scale * code - minimum;
            }
        }
    }
}
