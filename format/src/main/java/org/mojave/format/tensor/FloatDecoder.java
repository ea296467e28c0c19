package org.mojave.format.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Decodes the small float formats to float32, and rounds float32 to bfloat16 and half. All values are little-endian. */
public final class FloatDecoder {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final float[] E4M3 = table(FloatDecoder::e4m3);
    private static final float[] E5M2 = table(bits -> Float.float16ToFloat((short) (bits << 8)));
    private static final float[] E8M0 = table(bits -> bits == 255 ? Float.NaN : (float) Math.scalb(1.0, bits - 127));

    private FloatDecoder() {}

    /** Decodes {@code count} elements starting at element {@code first} of {@code source}. */
    public static void decode(ElementType type, MemorySegment source, long first, float[] target, int offset, int count) {
        switch (type) {
            case F32 -> MemorySegment.copy(source, FLOAT, first * 4, target, offset, count);
            case BF16 -> decodeBfloat16(source, first, target, offset, count);
            case F16 -> decodeHalf(source, first, target, offset, count);
            case F64 -> decodeDouble(source, first, target, offset, count);
            case F8_E4M3 -> decodeTable(E4M3, source, first, target, offset, count);
            case F8_E5M2 -> decodeTable(E5M2, source, first, target, offset, count);
            case F8_E8M0 -> decodeTable(E8M0, source, first, target, offset, count);
            case BOOL, U8, I8, I16, U16, I32, U32, I64, U64 ->
                throw new IllegalArgumentException("not a float type: " + type);
        }
    }

    /** float32 nearest even to bfloat16 bits; NaN stays NaN. */
    public static short toBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /** bfloat16 bits to float32. */
    public static float bfloat16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    private static void decodeBfloat16(MemorySegment source, long first, float[] target, int offset, int count) {
        for (int i = 0; i < count; i++) {
            target[offset + i] = Float.intBitsToFloat(source.get(SHORT, (first + i) * 2) << 16);
        }
    }

    private static void decodeHalf(MemorySegment source, long first, float[] target, int offset, int count) {
        for (int i = 0; i < count; i++) {
            target[offset + i] = Float.float16ToFloat(source.get(SHORT, (first + i) * 2));
        }
    }

    private static void decodeDouble(MemorySegment source, long first, float[] target, int offset, int count) {
        for (int i = 0; i < count; i++) {
            target[offset + i] = (float) source.get(DOUBLE, (first + i) * 8);
        }
    }

    private static void decodeTable(float[] table, MemorySegment source, long first, float[] target, int offset, int count) {
        for (int i = 0; i < count; i++) {
            target[offset + i] = table[source.get(ValueLayout.JAVA_BYTE, first + i) & 0xff];
        }
    }

    /** OCP FP8 E4M3 (no infinities; S.1111.111 is NaN), bias 7. */
    private static float e4m3(int bits) {
        int exponent = (bits >>> 3) & 15;
        int mantissa = bits & 7;
        if (exponent == 15 && mantissa == 7) {
            return Float.NaN;
        }
        double magnitude = exponent == 0
                ? Math.scalb(mantissa / 8.0, -6)
                : Math.scalb(1 + mantissa / 8.0, exponent - 7);
        return (float) ((bits & 128) != 0 ? -magnitude : magnitude);
    }

    private static float[] table(java.util.function.IntToDoubleFunction value) {
        float[] table = new float[256];
        for (int bits = 0; bits < 256; bits++) {
            table[bits] = (float) value.applyAsDouble(bits);
        }
        return table;
    }
}
