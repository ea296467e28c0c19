package org.mojave.format.gguf;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Header parts to bytes. */
final class GgufEncoding {
    private GgufEncoding() {}

    /** The low {@code bytes} bytes of a number, little-endian. */
    static void putNumber(ByteArrayOutputStream out, long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            out.write((int) (value >>> (8 * i)));
        }
    }

    static void putText(ByteArrayOutputStream out, String text) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        putNumber(out, encoded.length, 8);
        out.writeBytes(encoded);
    }

    /** A value without its type. */
    static void putValue(ByteArrayOutputStream out, GgufValue value) {
        switch (value) {
            case GgufValue.Whole(GgufValueType type, long number) -> putNumber(out, number, type.leastBytes());
            case GgufValue.Real(GgufValueType type, double number) -> putNumber(out, type == GgufValueType.FLOAT32
                    ? Float.floatToRawIntBits((float) number) : Double.doubleToRawLongBits(number), type.leastBytes());
            case GgufValue.Truth(boolean truth) -> out.write(truth ? 1 : 0);
            case GgufValue.Text(String text) -> putText(out, text);
            case GgufValue.Sequence sequence -> {
                putNumber(out, sequence.elementType().wireId(), 4);
                putNumber(out, sequence.count(), 8);
                out.writeBytes(sequence.bytes().toArray(ValueLayout.JAVA_BYTE));
            }
        }
    }
}
