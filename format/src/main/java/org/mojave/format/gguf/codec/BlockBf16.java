package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.FloatDecoder;

/** BF16: a block is one bfloat16, rounded to nearest even. */
public final class BlockBf16 implements BlockEncoder {
    @Override
    public int blockElements() {
        return 1;
    }

    @Override
    public int blockBytes() {
        return 2;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        FloatDecoder.decode(ElementType.BF16, source.asSlice(at, 2), 0, target, offset, 1);
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int offset, int blocks) {
        FloatDecoder.decode(ElementType.BF16, source.asSlice(at, 2L * blocks), 0, target, offset, blocks);
    }

    @Override
    public void encodeBlock(float[] source, int offset, MemorySegment target, long at) {
        LittleEndian.putShort(target, at, FloatDecoder.toBfloat16(source[offset]));
    }
}
