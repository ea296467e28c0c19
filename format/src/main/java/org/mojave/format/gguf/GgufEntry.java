package org.mojave.format.gguf;

import java.util.Arrays;
import java.util.List;

/**
 * A tensor that shall be written: everything about it but its bytes.
 *
 * @param name name in the file; llama.cpp allows 63 bytes
 * @param type block type
 * @param shape dimensions, outermost first, at most 4; the innermost a multiple of the type's block
 */
public record GgufEntry(String name, GgufType type, List<Long> shape) {
    public GgufEntry {
        shape = List.copyOf(shape);
        if (shape.size() > 4 || shape.stream().anyMatch(dimension -> dimension < 0)) {
            throw new IllegalArgumentException("tensor " + name + ": shape " + shape + " is not possible in GGUF");
        }
        GgufTensor.bytes(type, shape);
    }

    /** An entry with that shape, outermost dimension first. */
    public static GgufEntry of(String name, GgufType type, long... shape) {
        return new GgufEntry(name, type, Arrays.stream(shape).boxed().toList());
    }

    /** Size of the tensor in bytes. */
    public long bytes() {
        return GgufTensor.bytes(type, shape);
    }
}
