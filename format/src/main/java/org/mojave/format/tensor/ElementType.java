package org.mojave.format.tensor;

import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Element types of the safetensors format; {@link #wireName()} is the spelling in its header. */
public enum ElementType {
    BOOL("BOOL", 1),
    U8("U8", 1),
    I8("I8", 1),
    F8_E4M3("F8_E4M3", 1),
    F8_E5M2("F8_E5M2", 1),
    F8_E8M0("F8_E8M0", 1),
    I16("I16", 2),
    U16("U16", 2),
    F16("F16", 2),
    BF16("BF16", 2),
    I32("I32", 4),
    U32("U32", 4),
    F32("F32", 4),
    F64("F64", 8),
    I64("I64", 8),
    U64("U64", 8);

    private static final Map<String, ElementType> BY_WIRE_NAME =
            Stream.of(values()).collect(Collectors.toUnmodifiableMap(ElementType::wireName, type -> type));

    private final String wireName;
    private final int bytes;

    ElementType(String wireName, int bytes) {
        this.wireName = wireName;
        this.bytes = bytes;
    }

    /** The spelling in a safetensors header. */
    public String wireName() {
        return wireName;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether the elements can be decoded to float32 by {@link FloatDecoder}. */
    public boolean isFloat() {
        return switch (this) {
            case F8_E4M3, F8_E5M2, F8_E8M0, F16, BF16, F32, F64 -> true;
            case BOOL, U8, I8, I16, U16, I32, U32, I64, U64 -> false;
        };
    }

    /** The type with that spelling, if there is one. */
    public static Optional<ElementType> ofWireName(String name) {
        return Optional.ofNullable(BY_WIRE_NAME.get(name));
    }
}
