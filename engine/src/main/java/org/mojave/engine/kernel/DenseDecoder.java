package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.FloatDecoder;
import org.mojave.format.tensor.TensorData;

/**
 * Decodes the float formats of checkpoints in vectors: bfloat16 by widening and shifting, half through a small array
 * whose loop the compiler turns into the processor's own conversion. Other types go to {@link FloatDecoder}, which is
 * also the scalar reference; benchmark: {@code KernelBench} in {@code bench}.
 */
final class DenseDecoder {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    /** Width of the vectors. */
    static final int BITS = FLOATS.vectorBitSize();
    private static final VectorSpecies<Integer> INTEGERS = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));
    private static final ValueLayout.OfShort HALF =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int HALVES = 1024;

    private DenseDecoder() {}

    /** Decodes {@code count} elements from element {@code first} of a float tensor. */
    static void decode(TensorData tensor, long first, float[] target, int offset, int count) {
        Objects.checkFromIndexSize(offset, count, target.length);
        Objects.checkFromIndexSize(first, count, tensor.elements());
        if (tensor.type() == ElementType.BF16) {
            bfloat16(tensor.bytes().asSlice(2 * first, 2L * count), target, offset, count);
        } else if (tensor.type() == ElementType.F16) {
            half(tensor.bytes().asSlice(2 * first, 2L * count), target, offset, count);
        } else {
            tensor.decode(first, target, offset, count);
        }
    }

    private static void bfloat16(MemorySegment source, float[] target, int offset, int count) {
        int i = 0;
        for (; i < FLOATS.loopBound(count); i += FLOATS.length()) {
            ShortVector bits = ShortVector.fromMemorySegment(SHORTS, source, 2L * i, ByteOrder.LITTLE_ENDIAN);
            IntVector wide = (IntVector) bits.convertShape(VectorOperators.S2I, INTEGERS, 0);
            wide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(target, offset + i);
        }
        FloatDecoder.decode(ElementType.BF16, source, i, target, offset + i, count - i);
    }

    private static void half(MemorySegment source, float[] target, int offset, int count) {
        short[] bits = new short[Math.min(HALVES, count)];
        for (int i = 0; i < count; i += HALVES) {
            int part = Math.min(HALVES, count - i);
            MemorySegment.copy(source, HALF, 2L * i, bits, 0, part);
            for (int j = 0; j < part; j++) {
                target[offset + i + j] = Float.float16ToFloat(bits[j]);
            }
        }
    }
}
