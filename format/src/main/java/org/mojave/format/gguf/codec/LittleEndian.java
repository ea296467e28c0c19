package org.mojave.format.gguf.codec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The few reads and writes that blocks are made of. */
final class LittleEndian {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private LittleEndian() {}

    static int unsignedByte(MemorySegment source, long at) {
        return source.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    static int signedByte(MemorySegment source, long at) {
        return source.get(ValueLayout.JAVA_BYTE, at);
    }

    static int bits32(MemorySegment source, long at) {
        return source.get(INT, at);
    }

    static float half(MemorySegment source, long at) {
        return Float.float16ToFloat(source.get(SHORT, at));
    }

    static void putByte(MemorySegment target, long at, int value) {
        target.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    static void putShort(MemorySegment target, long at, short bits) {
        target.set(SHORT, at, bits);
    }

    static void putHalf(MemorySegment target, long at, float value) {
        putShort(target, at, Float.floatToFloat16(value));
    }

    static void putFloat(MemorySegment target, long at, float value) {
        target.set(INT, at, Float.floatToRawIntBits(value));
    }
}
