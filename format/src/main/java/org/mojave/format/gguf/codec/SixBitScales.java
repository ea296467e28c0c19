package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/** The 12 bytes that hold eight 6-bit scales and eight 6-bit minima in Q4_K and Q5_K. */
final class SixBitScales {
    private SixBitScales() {}

    static int scale(MemorySegment source, long at, int run) {
        return run < 4
                ? LittleEndian.unsignedByte(source, at + run) & 63
                : (LittleEndian.unsignedByte(source, at + run + 4) & 15)
                        | (LittleEndian.unsignedByte(source, at + run - 4) >> 6 << 4);
    }

    static int minimum(MemorySegment source, long at, int run) {
        return run < 4
                ? LittleEndian.unsignedByte(source, at + run + 4) & 63
                : (LittleEndian.unsignedByte(source, at + run + 4) >> 4)
                        | (LittleEndian.unsignedByte(source, at + run) >> 6 << 4);
    }
}
