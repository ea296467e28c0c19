package org.mojave.format.gguf;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;
import org.mojave.format.gguf.codec.BlockCodec;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.EncodedRows;
import org.mojave.format.tensor.TensorData;

/**
 * A tensor of a GGUF file, over bytes that somebody else owns.
 *
 * <p>Example: {@code file.tensor("blk.0.ffn_down_exps.weight").part(3).rows()} is expert 3's matrix.
 *
 * @param name name in the file
 * @param type block type
 * @param shape dimensions, outermost first (the file has them innermost first)
 * @param bytes exactly the blocks of all elements
 */
public record GgufTensor(String name, GgufType type, List<Long> shape, MemorySegment bytes) {
    public GgufTensor {
        shape = List.copyOf(shape);
        if (bytes.byteSize() != bytes(type, shape)) {
            throw new IllegalArgumentException("tensor " + name + " of shape " + shape + " and type " + type + " needs "
                    + bytes(type, shape) + " bytes, got " + bytes.byteSize());
        }
    }

    /**
     * Bytes of a tensor of that type and shape; throws ArithmeticException on overflow and IllegalArgumentException if the
     * innermost dimension is not a multiple of the block.
     */
    static long bytes(GgufType type, List<Long> shape) {
        long columns = shape.isEmpty() ? 1 : shape.getLast();
        if (columns % type.blockElements() != 0) {
            throw new IllegalArgumentException(columns + " columns are not a multiple of " + type + "'s block of "
                    + type.blockElements());
        }
        return Math.multiplyExact(TensorData.elements(shape) / type.blockElements(), type.blockBytes());
    }

    /** Number of elements. */
    public long elements() {
        return TensorData.elements(shape);
    }

    /** Decodes elements {@code first} … {@code first + count − 1}; both must be multiples of the block. */
    public void decode(long first, float[] target, int offset, int count) {
        BlockCodec codec = type.codec().orElseThrow(() -> new CheckpointException("tensor " + name, "is stored as " + type
                + ", which Mojave cannot decode; use a file quantized to one of the K or legacy types"));
        if (first % codec.blockElements() != 0 || count % codec.blockElements() != 0) {
            throw new IllegalArgumentException("tensor " + name + ": elements " + first + " + " + count
                    + " cut a block of " + codec.blockElements());
        }
        codec.decode(bytes, first / codec.blockElements() * codec.blockBytes(), target, offset, count / codec.blockElements());
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
    public GgufTensor part(long index) {
        List<Long> inner = shape.subList(1, shape.size());
        long size = bytes(type, inner);
        return new GgufTensor(name + "[" + index + "]", type, inner, bytes.asSlice(index * size, size));
    }

    /** This tensor as a matrix; throws {@link CheckpointException} unless it has two dimensions below 2^31. */
    public EncodedRows rows() {
        if (shape.size() != 2 || shape.get(0) > Integer.MAX_VALUE || shape.get(1) > Integer.MAX_VALUE) {
            throw new CheckpointException("tensor " + name, "has shape " + shape + " where a matrix is expected");
        }
        return new Rows(this);
    }

    private record Rows(GgufTensor tensor) implements EncodedRows {
        @Override
        public int rows() {
            return Math.toIntExact(tensor.shape.get(0));
        }

        @Override
        public int columns() {
            return Math.toIntExact(tensor.shape.get(1));
        }

        @Override
        public long storedBytes() {
            return tensor.bytes.byteSize();
        }

        @Override
        public String encoding() {
            return tensor.type.name().toLowerCase(Locale.ROOT);
        }

        @Override
        public void decode(int first, int count, float[] target, int offset) {
            tensor.decode((long) first * columns(), target, offset, Math.multiplyExact(count, columns()));
        }
    }
}
