package org.mojave.compress.sensitivity;

import java.util.Map;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Products;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;

/**
 * Remembers what goes into the down projections of a layer's experts, and compares what the experts of a changed layer add to its output. A
 * token's output counts with its routing weight.
 */
final class ExpertOutputs {
    private final LayerWeights weights;
    private final Workers workers;
    private final RememberedInputs inputs;

    ExpertOutputs(LayerWeights weights, Workers workers) {
        this.weights = weights;
        this.workers = workers;
        inputs = new RememberedInputs(weights, id -> id.role() == MatrixRole.DOWN && id.expert() != MatrixId.NONE);
    }

    /** Observer of the original layer. */
    LinearObserver remembering() {
        return inputs.observer();
    }

    /** Observer of a layer with {@code other} matrices, on the same states: the squared change of each such expert's output, by its number. */
    LinearObserver comparing(Map<MatrixId, Matrix> other, Map<Integer, Double> squares) {
        return (id, x, _, _) -> {
            if (other.containsKey(id)) {
                inputs.of(id).ifPresent(before -> squares.put(id.expert(), squaredChange(id, before, other.get(id), x)));
            }
        };
    }

    private double squaredChange(MatrixId id, RememberedInputs.Seen before, Matrix changed, float[] x) {
        int rows = weights.matrix(id).rows();
        float[] original = new float[before.tokens() * rows];
        float[] other = new float[before.tokens() * rows];
        Products.multiply(weights.matrix(id), before.x(), before.tokens(), original, workers);
        Products.multiply(changed, x, before.tokens(), other, workers);
        double sum = 0;
        for (int t = 0; t < before.tokens(); t++) {
            double squares = 0;
            for (int r = t * rows; r < (t + 1) * rows; r++) {
                squares += Math.pow((double) original[r] - other[r], 2);
            }
            sum += before.weight(t) * squares;
        }
        return sum;
    }
}
