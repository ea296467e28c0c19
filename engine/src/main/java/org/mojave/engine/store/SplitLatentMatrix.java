package org.mojave.engine.store;

import java.util.Locale;
import org.mojave.engine.kernel.Matrix;
import org.mojave.format.gguf.GgufTensor;

/**
 * The up projection of latent attention, [heads · (plain + value), rank], out of the two tensors that llama.cpp stores
 * instead: a head's rows are first its keys' (transposed in the file), then its values'.
 *
 * @param keys [heads, rank, plain]
 * @param values [heads, value, rank]
 */
record SplitLatentMatrix(GgufTensor keys, GgufTensor values) implements Matrix {
    @Override
    public int rows() {
        return Math.multiplyExact(size(values, 0), headRows());
    }

    @Override
    public int columns() {
        return size(values, 2);
    }

    @Override
    public long storedBytes() {
        return keys.bytes().byteSize() + values.bytes().byteSize();
    }

    @Override
    public String storage() {
        return values.type().name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void decode(int firstRow, int rowCount, float[] target, int offset) {
        int row = firstRow;
        int end = firstRow + rowCount;
        while (row < end) {
            int head = row / headRows();
            int inHead = row % headRows();
            int count = Math.min(end - row, headRows() - inHead);
            decodeHead(head, inHead, count, target, offset + (row - firstRow) * columns());
            row += count;
        }
    }

    private void decodeHead(int head, int first, int count, float[] target, int offset) {
        int plain = size(keys, 2);
        int rank = columns();
        int ofKeys = Math.max(0, Math.min(count, plain - first));
        if (ofKeys > 0) {
            float[] turned = keys.part(head).toFloats();
            for (int r = 0; r < ofKeys; r++) {
                for (int c = 0; c < rank; c++) {
                    target[offset + r * rank + c] = turned[c * plain + first + r];
                }
            }
        }
        if (count > ofKeys) {
            values.part(head).rows().decode(first + ofKeys - plain, count - ofKeys, target, offset + ofKeys * rank);
        }
    }

    private int headRows() {
        return size(keys, 2) + size(values, 1);
    }

    private static int size(GgufTensor tensor, int dimension) {
        return Math.toIntExact(tensor.shape().get(dimension));
    }
}
