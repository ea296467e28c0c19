package org.mojave.format.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Writes float32 as the wider float formats, rounding to nearest even; the inverse of {@link FloatDecoder}. Little-endian. */
public final class FloatEncoder {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private FloatEncoder() {}

    /** The bytes of {@code values}; IllegalArgumentException for a type other than F64, F32, F16 and BF16. */
    public static MemorySegment encode(ElementType type, float[] values) {
        MemorySegment target = MemorySegment.ofArray(new byte[Math.toIntExact((long) values.length * type.bytes())]);
        for (int i = 0; i < values.length; i++) {
            switch (type) {
                case F64 -> target.set(DOUBLE, i * 8L, values[i]);
                case F32 -> target.set(FLOAT, i * 4L, values[i]);
                case F16 -> target.set(SHORT, i * 2L, Float.floatToFloat16(values[i]));
                case BF16 -> target.set(SHORT, i * 2L, FloatDecoder.toBfloat16(values[i]));
                case F8_E4M3, F8_E5M2, F8_E8M0, BOOL, U8, I8, I16, U16, I32, U32, I64, U64 ->
                    throw new IllegalArgumentException("floats are not written as " + type);
            }
        }
        return target;
    }
}
