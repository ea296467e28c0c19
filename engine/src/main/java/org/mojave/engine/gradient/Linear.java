package org.mojave.engine.gradient;

import java.util.Optional;
import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.Extent;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Products;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.store.Weights;

/** One matrix with its bias, forwards and backwards. */
record Linear(Matrix matrix, Optional<float[]> bias, Workers workers) {
    /** Floats of decoded rows: 4 MiB. */
    private static final int PANEL_FLOATS = 1 << 20;
    /** Tokens of one task; fixed, so that the order of sums does not depend on the threads. */
    private static final int CHUNK = 64;

    static Linear of(Weights weights, MatrixId id, Workers workers) {
        return new Linear(weights.matrix(id), weights.bias(id), workers);
    }

    /** {@code y = x · Wᵀ + bias}: x [tokens, columns], y [tokens, rows]. */
    float[] forward(float[] x, int tokens) {
        float[] y = new float[Math.multiplyExact(tokens, matrix.rows())];
        Products.multiply(matrix, x, tokens, y, workers);
        bias.ifPresent(added -> {
            for (int i = 0; i < y.length; i++) {
                y[i] += added[i % added.length];
            }
        });
        return y;
    }

    /** {@code dx += dy · W}: dy [tokens, rows], dx [tokens, columns]. */
    void back(float[] dy, int tokens, float[] dx) {
        int rows = matrix.rows();
        int columns = matrix.columns();
        float[] turned = new float[Math.multiplyExact(rows, tokens)];
        for (int t = 0; t < tokens; t++) {
            for (int r = 0; r < rows; r++) {
                turned[r * tokens + t] = dy[t * rows + r];
            }
        }
        int panel = Math.clamp(PANEL_FLOATS / columns, 1, rows);
        float[] decoded = new float[panel * columns];
        for (int row = 0; row < rows; row += panel) {
            int first = row;
            int count = Math.min(panel, rows - first);
            matrix.decode(first, count, decoded, 0);
            workers.run(Math.ceilDiv(tokens, CHUNK), (task, _) -> {
                int from = task * CHUNK;
                workers.algebra().addTransposed(1, new Block(turned, first * tokens + from, tokens), new Block(decoded, 0, columns),
                        new Block(dx, from * columns, columns), new Extent(Math.min(CHUNK, tokens - from), columns, count));
            });
        }
    }
}
