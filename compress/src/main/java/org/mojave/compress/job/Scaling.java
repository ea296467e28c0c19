package org.mojave.compress.job;

import java.util.Arrays;
import java.util.Map;
import org.mojave.compress.smooth.Folding;
import org.mojave.engine.model.MatrixId;

/**
 * Scales that are folded into the matrices of half a layer before they are quantized, so that the layer computes the same: what reads a
 * channel is multiplied, what writes it is divided. Norms and routers get their part where they are written.
 *
 * @param columns by matrix: its column c is multiplied by element c
 * @param rows by matrix: its row r is divided by element r
 */
record Scaling(Map<MatrixId, float[]> columns, Map<MatrixId, float[]> rows) {
    /** Changes nothing. */
    static final Scaling NONE = new Scaling(Map.of(), Map.of());

    Scaling {
        columns = Map.copyOf(columns);
        rows = Map.copyOf(rows);
    }

    /** Scales rows {@code firstRow … firstRow + count − 1} of a matrix, {@code values} [count, columns], in place. */
    void apply(MatrixId id, int firstRow, int count, float[] values) {
        if (columns.containsKey(id)) {
            Folding.multiplyColumns(values, columns.get(id));
        }
        if (rows.containsKey(id)) {
            Folding.divideRows(values, Arrays.copyOfRange(rows.get(id), firstRow, firstRow + count));
        }
    }
}
