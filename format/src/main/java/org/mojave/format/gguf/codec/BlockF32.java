package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.FloatDecoder;

/** F32: a block is one float32. */
public final class BlockF32 implements BlockEncoder {
    @Override
    public int blockElements() {
        return 1;
    }

    @Override
    public int blockBytes() {
        return 4;
    }

    @Override
    public void decodeBlock(MemorySegment source, long at, float[] target, int offset) {
        FloatDecoder.decode(ElementType.F32, source.asSlice(at, 4), 0, target, offset, 1);
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int offset, int blocks) {
        FloatDecoder.decode(ElementType.F32, source.asSlice(at, 4L * blocks), 0, target, offset, blocks);
    }

    @Override
    public void encodeBlock(float[] source, int offset, MemorySegment target, long at) {
        LittleEndian.putFloat(target, at, source[offset]);
    }
}
