package org.mojave.engine.run;

import java.util.HashMap;
import java.util.Map;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.ModelSpec;

/** Squared lengths of the columns of experts' matrices, computed when first asked for and kept: 4 bytes for each column. */
final class ColumnNorms {
    /** Panels of a matrix, each summed by itself: sums do not depend on the number of threads. */
    private static final int PANELS = 8;
    private static final int PANEL_ROWS = 16;

    private final Workers workers;
    private final Map<MatrixId, float[]> squares = new HashMap<>();

    ColumnNorms(Workers workers) {
        this.workers = workers;
    }

    /** Bytes for all experts of a model: the inputs of gate and up together, and those of the down projection. */
    static long bytes(ModelSpec spec) {
        long bytes = 0;
        for (LayerSpec layer : spec.layers()) {
            if (layer.feedForward() instanceof FeedForward.Mixture mixture) {
                bytes += (long) Float.BYTES * mixture.router().experts() * (spec.hiddenSize() + mixture.intermediate());
            }
        }
        return bytes;
    }

    /** Bytes held now. */
    long bytes() {
        return squares.values().stream().mapToLong(array -> (long) Float.BYTES * array.length).sum();
    }

    /** Σ over the rows of the matrices, of equal width, of the squared weight, [columns]; kept under the name {@code id}. */
    float[] squares(MatrixId id, Matrix... matrices) {
        float[] known = squares.get(id);
        if (known == null) {
            known = new float[matrices[0].columns()];
            for (Matrix matrix : matrices) {
                add(matrix, known);
            }
            squares.put(id, known);
        }
        return known;
    }

    private void add(Matrix matrix, float[] sums) {
        float[][] parts = new float[PANELS][sums.length];
        int panel = Math.ceilDiv(Math.ceilDiv(matrix.rows(), PANELS), PANEL_ROWS) * PANEL_ROWS;
        workers.run(PANELS, (index, _) -> {
            int end = Math.min(matrix.rows(), (index + 1) * panel);
            float[] rows = new float[PANEL_ROWS * sums.length];
            for (int first = index * panel; first < end; first += PANEL_ROWS) {
                int count = Math.min(PANEL_ROWS, end - first);
                matrix.decode(first, count, rows, 0);
                addSquares(rows, count, parts[index]);
            }
        });
        for (float[] part : parts) {
            for (int c = 0; c < sums.length; c++) {
                sums[c] += part[c];
            }
        }
    }

    private static void addSquares(float[] rows, int count, float[] sums) {
        for (int r = 0; r < count; r++) {
            int at = r * sums.length;
            for (int c = 0; c < sums.length; c++) {
                sums[c] += rows[at + c] * rows[at + c];
            }
        }
    }
}
