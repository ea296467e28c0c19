package org.mojave.format.gguf;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import org.mojave.format.tensor.CheckpointException;

/** A metadata value. */
public sealed interface GgufValue {
    /** Type in the file. */
    GgufValueType type();

    /**
     * A whole number; UINT64 beyond 2^63 wraps to negative.
     *
     * @param type one of the eight integer types
     * @param value a number the type can hold
     */
    record Whole(GgufValueType type, long value) implements GgufValue {
        public Whole {
            boolean fits = switch (type) {
                case UINT8 -> value >= 0 && value <= 0xff;
                case INT8 -> value == (byte) value;
                case UINT16 -> value >= 0 && value <= 0xffff;
                case INT16 -> value == (short) value;
                case UINT32 -> value >= 0 && value <= 0xffff_ffffL;
                case INT32 -> value == (int) value;
                case UINT64, INT64 -> true;
                case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
            };
            if (!fits) {
                throw new IllegalArgumentException(value + " is no " + type);
            }
        }
    }

    /**
     * A floating-point number.
     *
     * @param type FLOAT32 or FLOAT64
     * @param value the number; rounded to float32 when written as such
     */
    record Real(GgufValueType type, double value) implements GgufValue {
        public Real {
            if (type != GgufValueType.FLOAT32 && type != GgufValueType.FLOAT64) {
                throw new IllegalArgumentException(value + " is no " + type);
            }
        }
    }

    /** A truth value. */
    record Truth(boolean value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.BOOL;
        }
    }

    /** A text. */
    record Text(String value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.STRING;
        }
    }

    /**
     * An array, kept as it lies in the file (token lists are long) and decoded when asked for.
     *
     * @param elementType type of every element; ARRAY for nested arrays
     * @param count number of elements
     * @param bytes the encoded elements
     */
    record Sequence(GgufValueType elementType, long count, MemorySegment bytes) implements GgufValue {
        /** Encodes elements, all of type {@code elementType}. */
        public static Sequence of(GgufValueType elementType, List<? extends GgufValue> elements) {
            ByteArrayOutputStream encoded = new ByteArrayOutputStream();
            for (GgufValue element : elements) {
                if (element.type() != elementType) {
                    throw new IllegalArgumentException(element + " is no " + elementType);
                }
                GgufEncoding.putValue(encoded, element);
            }
            return new Sequence(elementType, elements.size(), MemorySegment.ofArray(encoded.toByteArray()));
        }

        /** An array of strings. */
        public static Sequence texts(List<String> texts) {
            return of(GgufValueType.STRING, texts.stream().map(Text::new).toList());
        }

        /** An array of integers of that type. */
        public static Sequence wholes(GgufValueType elementType, long... values) {
            return of(elementType, LongStream.of(values).mapToObj(value -> new Whole(elementType, value)).toList());
        }

        /** An array of FLOAT32. */
        public static Sequence floats(double... values) {
            return of(GgufValueType.FLOAT32,
                    DoubleStream.of(values).mapToObj(value -> new Real(GgufValueType.FLOAT32, value)).toList());
        }

        @Override
        public GgufValueType type() {
            return GgufValueType.ARRAY;
        }

        /** All elements, decoded. */
        public List<GgufValue> elements() {
            GgufCursor cursor = new GgufCursor("GGUF array", bytes);
            List<GgufValue> elements = new ArrayList<>();
            for (long i = 0; i < count; i++) {
                elements.add(cursor.value(elementType));
            }
            return elements;
        }

        /** All elements of an array of strings. */
        public List<String> texts() {
            return elements().stream().map(element -> switch (element) {
                case Text(String value) -> value;
                default -> throw mistyped("strings");
            }).toList();
        }

        /** All elements of an array of integers. */
        public long[] wholes() {
            return elements().stream().mapToLong(element -> switch (element) {
                case Whole(_, long value) -> value;
                default -> throw mistyped("integers");
            }).toArray();
        }

        private CheckpointException mistyped(String expected) {
            return new CheckpointException("GGUF array", "holds " + elementType + " where " + expected + " are expected");
        }
    }
}
