package org.mojave.format.gguf;

import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Types of metadata values. */
public enum GgufValueType {
    UINT8(0, 1),
    INT8(1, 1),
    UINT16(2, 2),
    INT16(3, 2),
    UINT32(4, 4),
    INT32(5, 4),
    FLOAT32(6, 4),
    BOOL(7, 1),
    STRING(8, 8),
    ARRAY(9, 12),
    UINT64(10, 8),
    INT64(11, 8),
    FLOAT64(12, 8);

    private static final Map<Integer, GgufValueType> BY_WIRE_ID =
            Stream.of(values()).collect(Collectors.toUnmodifiableMap(GgufValueType::wireId, type -> type));

    private final int wireId;
    private final int leastBytes;

    GgufValueType(int wireId, int leastBytes) {
        this.wireId = wireId;
        this.leastBytes = leastBytes;
    }

    /** The number in the file. */
    public int wireId() {
        return wireId;
    }

    /** Bytes of a value; of a string or array the least, when it is empty. */
    public int leastBytes() {
        return leastBytes;
    }

    /** Whether a value may be longer than {@link #leastBytes}. */
    boolean varies() {
        return this == STRING || this == ARRAY;
    }

    /** The type with that number, if there is one. */
    public static Optional<GgufValueType> ofWireId(int id) {
        return Optional.ofNullable(BY_WIRE_ID.get(id));
    }
}
