package org.mojave.engine.run;

import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Products;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;

/** Linear layers of one layer's weights: observe, multiply, add bias. */
final class Linears {
    private final Workers workers;

    Linears(Workers workers) {
        this.workers = workers;
    }

    /** What is multiplied: {@code x} [tokens, columns]; {@code affinity} as in {@link LinearObserver}. */
    record Input(float[] x, int tokens, float[] affinity) {}

    /** {@code y = x · Wᵀ + bias} for matrix {@code id}; y [tokens, rows]. */
    void apply(LayerWeights weights, MatrixId id, Input input, float[] y, LinearObserver observer) {
        observer.input(id, input.x(), input.tokens(), input.affinity());
        Matrix matrix = weights.matrix(id);
        Products.multiply(matrix, input.x(), input.tokens(), y, workers);
        addBias(weights.bias(id), y, input.tokens());
    }

    /** Adds {@code bias} to each row, unless it is null. */
    static void addBias(float[] bias, float[] y, int tokens) {
        if (bias != null) {
            for (int t = 0; t < tokens; t++) {
                for (int i = 0; i < bias.length; i++) {
                    y[t * bias.length + i] += bias[i];
                }
            }
        }
    }
}
