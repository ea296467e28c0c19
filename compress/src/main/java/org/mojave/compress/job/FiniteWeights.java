package org.mojave.compress.job;

import java.util.List;
import org.mojave.compress.plan.SourceModel;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.VectorRole;
import org.mojave.format.tensor.CheckpointException;

/**
 * Reads all weights once before a job begins, so that a NaN in the last layer is not found hours later. As fast as the disk; a resumed job does
 * not repeat it.
 *
 * @param source the original
 * @param workers threads
 */
record FiniteWeights(SourceModel source, Workers workers) {
    /** Weights decoded at a time by a thread. */
    private static final int PIECE_WEIGHTS = 1 << 18;

    /** Throws {@link CheckpointException} that names the matrix, row and column, or vector, of the first weight that is not finite. */
    void require(JobListener listener) {
        ModelSpec spec = source.spec();
        listener.started("check", spec.layers().size() + 1L);
        for (int layer = MatrixId.NONE; layer < spec.layers().size(); layer++) {
            List<MatrixId> ids = layer == MatrixId.NONE ? spec.ends() : spec.matrices(layer);
            workers.run(ids.size(), (index, _) -> check(ids.get(index)));
            for (VectorRole role : spec.vectors(layer)) {
                int number = layer;
                source.original().weights().vector(role, layer).ifPresent(vector -> check(source.names().vector(role, number), vector));
            }
            listener.advanced(1, "");
        }
    }

    private void check(MatrixId id) {
        Matrix matrix = source.original().weights().matrix(id);
        int step = Math.clamp(PIECE_WEIGHTS / matrix.columns(), 1, matrix.rows());
        float[] piece = new float[Math.multiplyExact(step, matrix.columns())];
        for (int row = 0; row < matrix.rows(); row += step) {
            int rows = Math.min(step, matrix.rows() - row);
            matrix.decode(row, rows, piece, 0);
            for (int i = 0; i < rows * matrix.columns(); i++) {
                if (!Float.isFinite(piece[i])) {
                    throw broken(id.name(), "row " + (row + i / matrix.columns()) + ", column " + i % matrix.columns(), piece[i]);
                }
            }
        }
    }

    private void check(String name, float[] vector) {
        for (int i = 0; i < vector.length; i++) {
            if (!Float.isFinite(vector[i])) {
                throw broken(name, "component " + i, vector[i]);
            }
        }
    }

    private CheckpointException broken(String name, String place, float value) {
        return new CheckpointException(source.checkpoint().folder() + ", " + name, "weight at " + place + " is " + value
                + "; the checkpoint is damaged, or was saved from a training run that diverged");
    }
}
