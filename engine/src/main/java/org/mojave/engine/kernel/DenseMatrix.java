package org.mojave.engine.kernel;

import java.util.Locale;
import org.mojave.format.tensor.TensorData;

/** A matrix stored as plain floats (f32, f16, bf16 …), usually mapped from a checkpoint: {@code tensor} is [rows, columns]. */
public record DenseMatrix(TensorData tensor) implements Matrix {
    public DenseMatrix {
        if (tensor.shape().size() != 2 || !tensor.type().isFloat()) {
            throw new IllegalArgumentException("tensor " + tensor.name() + " is not a float matrix: " + tensor.type() + tensor.shape());
        }
    }

    @Override
    public int rows() {
        return tensor.dimension(0);
    }

    @Override
    public int columns() {
        return tensor.dimension(1);
    }

    @Override
    public long storedBytes() {
        return tensor.bytes().byteSize();
    }

    @Override
    public int decodingBits() {
        return NativeKernels.supports(tensor.type()) ? DenseDecoder.BITS : 0;
    }

    @Override
    public String storage() {
        return tensor.type().wireName().toLowerCase(Locale.ROOT);
    }

    @Override
    public void decode(int firstRow, int rowCount, float[] target, int offset) {
        DenseDecoder.decode(tensor, (long) firstRow * columns(), target, offset, Math.multiplyExact(rowCount, columns()));
    }
}
