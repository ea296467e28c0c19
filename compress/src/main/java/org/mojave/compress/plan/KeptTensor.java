package org.mojave.compress.plan;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.mojave.engine.kernel.Matrix;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.FloatEncoder;
import org.mojave.format.tensor.TensorData;

/** A tensor that the result keeps unquantized, under the name that the family gives it. */
public sealed interface KeptTensor {
    /** Receives the bytes of a tensor piece by piece, from its start. */
    @FunctionalInterface
    interface Target {
        /** The next piece, which begins at byte {@code offset}. */
        void write(long offset, MemorySegment piece);
    }

    /** As it is in the original. */
    record Copied(TensorData tensor) implements KeptTensor {}

    /** A vector or a few that were rewritten. */
    record Values(String name, List<Long> shape, float[] values) implements KeptTensor {
        public Values {
            shape = List.copyOf(shape);
        }
    }

    /** A matrix that is rewritten row by row. */
    record Rows(String name, Matrix matrix) implements KeptTensor {}

    /** Bytes of a piece. */
    int PIECE_BYTES = 1 << 26;

    /** Name in the files. */
    default String tensorName() {
        return switch (this) {
            case Copied(TensorData tensor) -> tensor.name();
            case Values(String name, List<Long> _, float[] _) -> name;
            case Rows(String name, Matrix _) -> name;
        };
    }

    /** Element type: rewritten tensors are float32, since they would lose what narrower types had to round. */
    default ElementType type() {
        return switch (this) {
            case Copied(TensorData tensor) -> tensor.type();
            case Values _, Rows _ -> ElementType.F32;
        };
    }

    /** Dimensions. */
    default List<Long> dimensions() {
        return switch (this) {
            case Copied(TensorData tensor) -> tensor.shape();
            case Values(String _, List<Long> shape, float[] _) -> shape;
            case Rows(String _, Matrix matrix) -> List.of((long) matrix.rows(), (long) matrix.columns());
        };
    }

    /** Bytes in the file. */
    default long bytes() {
        return TensorData.elements(dimensions()) * type().bytes();
    }

    /** Hands out all bytes. */
    default void write(Target target) {
        switch (this) {
            case Copied(TensorData tensor) -> {
                for (long start = 0; start < tensor.bytes().byteSize(); start += PIECE_BYTES) {
                    target.write(start, tensor.bytes().asSlice(start, Math.min(PIECE_BYTES, tensor.bytes().byteSize() - start)));
                }
            }
            case Values(String _, List<Long> _, float[] values) -> target.write(0, FloatEncoder.encode(ElementType.F32, values));
            case Rows(String _, Matrix matrix) -> {
                int step = Math.max(1, (1 << 20) / matrix.columns());
                for (int row = 0; row < matrix.rows(); row += step) {
                    float[] values = new float[Math.min(step, matrix.rows() - row) * matrix.columns()];
                    matrix.decode(row, values.length / matrix.columns(), values, 0);
                    target.write((long) row * matrix.columns() * Float.BYTES, FloatEncoder.encode(ElementType.F32, values));
                }
            }
        }
    }
}
