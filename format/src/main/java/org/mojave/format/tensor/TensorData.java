package org.mojave.format.tensor;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A named tensor over bytes that somebody else owns (usually a mapped file), row-major, little-endian.
 *
 * <p>Example: {@code tensor.decode(0, row, 0, row.length)} reads the first row of a matrix as float32.
 *
 * @param name name in the checkpoint
 * @param type element type
 * @param shape dimensions, outermost first; empty for a scalar
 * @param bytes exactly {@code elements() * type.bytes()} bytes
 */
public record TensorData(String name, ElementType type, List<Long> shape, MemorySegment bytes) {
    public TensorData {
        shape = List.copyOf(shape);
        long elements = elements(shape);
        if (bytes.byteSize() != elements * type.bytes()) {
            throw new IllegalArgumentException("tensor " + name + " of shape " + shape + " and type " + type
                    + " needs " + elements * type.bytes() + " bytes, got " + bytes.byteSize());
        }
    }

    /** Number of elements. */
    public long elements() {
        return elements(shape);
    }

    /** Product of dimensions; throws ArithmeticException on overflow. */
    public static long elements(List<Long> shape) {
        long product = 1;
        for (long dimension : shape) {
            product = Math.multiplyExact(product, dimension);
        }
        return product;
    }

    /** Size of dimension {@code index} as an int; throws {@link CheckpointException} if it is too large for one. */
    public int dimension(int index) {
        if (shape.get(index) > Integer.MAX_VALUE) {
            throw new CheckpointException("tensor " + name, "has shape " + shape + ", a dimension beyond 2^31 − 1");
        }
        return shape.get(index).intValue();
    }

    /** Decodes {@code count} elements from element {@code first} into {@code target} as float32. */
    public void decode(long first, float[] target, int targetOffset, int count) {
        if (!type.isFloat()) {
            throw new CheckpointException("tensor " + name, "holds " + type.wireName() + " where floats are expected");
        }
        FloatDecoder.decode(type, bytes, first, target, targetOffset, count);
    }

    /**
     * The whole tensor as float32; only for small tensors (norms, biases). Throws {@link CheckpointException} if it has more
     * elements than an array can hold.
     */
    public float[] toFloats() {
        if (elements() > Integer.MAX_VALUE - 8) {
            throw new CheckpointException("tensor " + name, "has shape " + shape + ", too large to be read whole");
        }
        float[] all = new float[Math.toIntExact(elements())];
        decode(0, all, 0, all.length);
        return all;
    }

    /** The part {@code index} along the first dimension, without copying. */
    public TensorData part(long index) {
        List<Long> inner = shape.subList(1, shape.size());
        long size = elements(inner) * type.bytes();
        return new TensorData(name + "[" + index + "]", type, inner, bytes.asSlice(index * size, size));
    }
}
