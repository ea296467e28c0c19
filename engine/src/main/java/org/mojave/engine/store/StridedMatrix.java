package org.mojave.engine.store;

import java.util.Locale;
import org.mojave.engine.kernel.Matrix;
import org.mojave.format.tensor.TensorData;

/**
 * Columns {@code first}, {@code first + step}, … of a transposed tensor [input, output], seen as the rows of a matrix
 * [rows, columns] with {@code columns} = input. With {@code transposed} false: rows of a tensor [output, input].
 */
record StridedMatrix(TensorData tensor, boolean transposed, int first, int step, int rows) implements Matrix {
    @Override
    public int columns() {
        return tensor.dimension(transposed ? 0 : 1);
    }

    @Override
    public long storedBytes() {
        return (long) rows * columns() * tensor.type().bytes();
    }

    @Override
    public String storage() {
        return tensor.type().wireName().toLowerCase(Locale.ROOT);
    }

    @Override
    public void decode(int firstRow, int rowCount, float[] target, int offset) {
        int columns = columns();
        if (!transposed) {
            for (int r = 0; r < rowCount; r++) {
                tensor.decode((first + (long) (firstRow + r) * step) * columns, target, offset + r * columns, columns);
            }
            return;
        }
        int width = tensor.dimension(1);
        int start = first + firstRow * step;
        float[] span = new float[(rowCount - 1) * step + 1];
        for (int c = 0; c < columns; c++) {
            tensor.decode((long) c * width + start, span, 0, span.length);
            for (int r = 0; r < rowCount; r++) {
                target[offset + r * columns + c] = span[r * step];
            }
        }
    }
}
