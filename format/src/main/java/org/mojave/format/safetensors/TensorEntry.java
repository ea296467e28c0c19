package org.mojave.format.safetensors;

import java.util.Arrays;
import java.util.List;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.TensorData;

/**
 * A tensor that shall be written: everything about it but its bytes.
 *
 * <p>Example: {@code TensorEntry.of("model.norm.weight", ElementType.F32, 64).aligned(4096)}.
 *
 * @param name name in the file; neither {@code __metadata__} nor {@code __padding.…}
 * @param type element type
 * @param shape dimensions, outermost first; empty for a scalar
 * @param alignment the tensor's first byte lies at a multiple of this many bytes from the start of the file; at least the
 *     element size
 */
public record TensorEntry(String name, ElementType type, List<Long> shape, int alignment) {
    public TensorEntry {
        shape = List.copyOf(shape);
        if (name.equals(SafetensorsFile.METADATA) || SafetensorsFile.isPadding(name)) {
            throw new IllegalArgumentException("a tensor must not be called " + name);
        }
        if (Integer.bitCount(alignment) != 1 || alignment < type.bytes()) {
            throw new IllegalArgumentException("tensor " + name + ": alignment " + alignment
                    + " is not a power of two of at least " + type.bytes());
        }
        if (shape.stream().anyMatch(dimension -> dimension < 0)) {
            throw new IllegalArgumentException("tensor " + name + ": negative dimension in " + shape);
        }
        Math.multiplyExact(TensorData.elements(shape), type.bytes());
    }

    /** An entry aligned to its element size. */
    public static TensorEntry of(String name, ElementType type, long... shape) {
        return new TensorEntry(name, type, Arrays.stream(shape).boxed().toList(), type.bytes());
    }

    /** The same tensor, starting at a multiple of {@code bytes} in the file. */
    public TensorEntry aligned(int bytes) {
        return new TensorEntry(name, type, shape, bytes);
    }

    /** Size of the tensor in bytes. */
    public long bytes() {
        return TensorData.elements(shape) * type.bytes();
    }
}
