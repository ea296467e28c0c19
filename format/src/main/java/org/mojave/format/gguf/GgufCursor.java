package org.mojave.format.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.mojave.format.tensor.CheckpointException;

/** A place in a header; every read is checked against what is left before anything is made. */
final class GgufCursor {
    private static final int MAXIMUM_DEPTH = 8;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final String file;
    private final MemorySegment bytes;
    private long position;

    GgufCursor(String file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    long position() {
        return position;
    }

    long left() {
        return bytes.byteSize() - position;
    }

    int readByte() {
        return bytes.get(ValueLayout.JAVA_BYTE, take(1, "a value"));
    }

    int readShort() {
        return bytes.get(SHORT, take(2, "a value"));
    }

    int readInt() {
        return bytes.get(INT, take(4, "a number"));
    }

    long readLong() {
        return bytes.get(LONG, take(8, "a number"));
    }

    /** Encoded length of the text that starts here, without moving on. */
    long textBytes() {
        long start = position;
        long length = readLong();
        if (length < 0 || length > left()) {
            position = start;
            throw at("a text of " + Long.toUnsignedString(length) + " bytes goes beyond the file");
        }
        position = start;
        return length;
    }

    /** A text no longer than {@code maximum} bytes. */
    String text(long maximum) {
        long length = textBytes();
        if (length > maximum) {
            throw at("a text of " + length + " bytes; at most " + maximum + " are expected here");
        }
        long start = take(8 + length, "a text") + 8;
        return new String(bytes.asSlice(start, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    /** A number that counts things of at least {@code leastBytes} bytes each, all still to come. */
    long count(String what, int leastBytes) {
        long count = readLong();
        if (count < 0 || count > left() / leastBytes) {
            position -= 8;
            throw at("claims " + Long.toUnsignedString(count) + " " + what + ", more than the file can hold");
        }
        return count;
    }

    GgufValueType valueType() {
        int id = readInt();
        return GgufValueType.ofWireId(id).orElseThrow(() -> {
            position -= 4;
            return at("unknown value type " + id);
        });
    }

    GgufValue value(GgufValueType type) {
        return switch (type) {
            case UINT8 -> new GgufValue.Whole(type, readByte() & 0xff);
            case INT8 -> new GgufValue.Whole(type, readByte());
            case UINT16 -> new GgufValue.Whole(type, readShort() & 0xffff);
            case INT16 -> new GgufValue.Whole(type, readShort());
            case UINT32 -> new GgufValue.Whole(type, readInt() & 0xffff_ffffL);
            case INT32 -> new GgufValue.Whole(type, readInt());
            case UINT64, INT64 -> new GgufValue.Whole(type, readLong());
            case FLOAT32 -> new GgufValue.Real(type, Float.intBitsToFloat(readInt()));
            case FLOAT64 -> new GgufValue.Real(type, Double.longBitsToDouble(readLong()));
            case BOOL -> new GgufValue.Truth(truth());
            case STRING -> new GgufValue.Text(text(Integer.MAX_VALUE - 64));
            case ARRAY -> sequence();
        };
    }

    private boolean truth() {
        int value = readByte();
        if (value != 0 && value != 1) {
            position--;
            throw at("truth value " + value + " is neither 0 nor 1");
        }
        return value == 1;
    }

    private GgufValue.Sequence sequence() {
        GgufValueType elementType = valueType();
        long count = count("array elements", elementType.leastBytes());
        long start = position;
        skip(elementType, count, 1);
        return new GgufValue.Sequence(elementType, count, bytes.asSlice(start, position - start));
    }

    /** Checks {@code count} elements without making them. */
    private void skip(GgufValueType type, long count, int depth) {
        if (depth > MAXIMUM_DEPTH) {
            throw at("arrays are nested more than " + MAXIMUM_DEPTH + " deep");
        }
        if (type == GgufValueType.BOOL) {
            for (long i = 0; i < count; i++) {
                truth();
            }
        } else if (type.varies()) {
            for (long i = 0; i < count; i++) {
                if (type == GgufValueType.STRING) {
                    take(8 + textBytes(), "a text");
                } else {
                    GgufValueType inner = valueType();
                    skip(inner, count("array elements", inner.leastBytes()), depth + 1);
                }
            }
        } else {
            take(count * type.leastBytes(), "an array");
        }
    }

    private long take(long size, String what) {
        if (size > left()) {
            throw at("the file ends inside " + what + "; it is truncated");
        }
        long start = position;
        position += size;
        return start;
    }

    CheckpointException at(String problem) {
        return new CheckpointException(file + " at byte " + position, problem);
    }
}
