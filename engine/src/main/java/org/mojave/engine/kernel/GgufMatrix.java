package org.mojave.engine.kernel;

import java.util.Locale;
import java.util.Objects;
import org.mojave.format.gguf.GgufTensor;
import org.mojave.format.gguf.GgufType;

/**
 * A matrix of a GGUF file, mapped; nothing is copied or repacked: {@code tensor} is [rows, columns].
 *
 * <p>Example: {@code new GgufMatrix(file.tensor("blk.0.ffn_down_exps.weight").part(3))}.
 */
public record GgufMatrix(GgufTensor tensor) implements Matrix {
    public GgufMatrix {
        if (tensor.shape().size() != 2 || tensor.type().codec().isEmpty()) {
            throw new IllegalArgumentException("tensor " + tensor.name() + " is not a matrix that can be decoded: " + tensor.type()
                    + tensor.shape());
        }
        Math.toIntExact(tensor.shape().get(0));
        Math.toIntExact(tensor.shape().get(1));
    }

    /** Whether there are kernels that read the blocks as they lie; other matrices are decoded to floats for each product. */
    boolean hasKernels() {
        return hasKernels(tensor.type());
    }

    static boolean hasKernels(GgufType type) {
        return switch (type) {
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K -> true;
            case F32, F16, BF16, F64, I8, I16, I32, I64, MXFP4, NVFP4, Q1_0, Q2_0, Q8_1, Q8_K, TQ1_0, TQ2_0, IQ1_S, IQ1_M, IQ2_XXS,
                    IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ4_NL, IQ4_XS -> false;
        };
    }

    /** Bytes of a row. */
    long rowBytes() {
        return storedBytes() / rows();
    }

    @Override
    public int rows() {
        return tensor.shape().get(0).intValue();
    }

    @Override
    public int columns() {
        return tensor.shape().get(1).intValue();
    }

    @Override
    public long storedBytes() {
        return tensor.bytes().byteSize();
    }

    @Override
    public int decodingBits() {
        return GgufDecoder.SUPPORTED && hasKernels() ? GgufDecoder.BITS : 0;
    }

    @Override
    public String storage() {
        return tensor.type().name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void decode(int firstRow, int rowCount, float[] target, int offset) {
        Objects.checkFromIndexSize(firstRow, rowCount, rows());
        int count = Math.multiplyExact(rowCount, columns());
        if (GgufDecoder.SUPPORTED && hasKernels()) {
            Objects.checkFromIndexSize(offset, count, target.length);
            new GgufDecoder(tensor.type()).decode(tensor.bytes(), firstRow * rowBytes(), target, offset, count / tensor.type().blockElements());
        } else {
            tensor.decode((long) firstRow * columns(), target, offset, count);
        }
    }
}
