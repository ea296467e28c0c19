package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;

/** A block type that can be written too, as ggml's reference quantizer writes it. */
public interface BlockEncoder extends BlockCodec {
    /** Encodes {@code source[offset …]}, finite values, as the block at byte {@code at} of {@code target}. */
    void encodeBlock(float[] source, int offset, MemorySegment target, long at);

    /** Encodes {@code blocks} neighbouring blocks, the first at byte {@code at}. */
    default void encode(float[] source, int offset, MemorySegment target, long at, int blocks) {
        for (int block = 0; block < blocks; block++) {
            encodeBlock(source, offset + block * blockElements(), target, at + (long) block * blockBytes());
        }
    }
}
