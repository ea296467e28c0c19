package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/** Decoding of one block type. Stateless. */
public interface BlockCodec {
    /** Elements of a block. */
    int blockElements();

    /** Bytes of a block. */
    int blockBytes();

    /** Decodes the block at byte {@code at} of {@code source} to {@code target[offset …]}. */
    void decodeBlock(MemorySegment source, long at, float[] target, int offset);

    /** Decodes {@code blocks} neighbouring blocks, the first at byte {@code at}. */
    default void decode(MemorySegment source, long at, float[] target, int offset, int blocks) {
        for (int block = 0; block < blocks; block++) {
            decodeBlock(source, at + (long) block * blockBytes(), target, offset + block * blockElements());
        }
    }
}
