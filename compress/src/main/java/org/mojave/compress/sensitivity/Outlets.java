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
 * The matrices through which half a layer speaks to the residual stream: attention output and down projections. Remembers their
 * inputs in the original model; what another run makes of these inputs is an error of the outputs, whichever matrix before it was
 * changed. For an expert each token counts with the square of its routing weight.
 */
final class Outlets {
    private final LayerWeights weights;
    private final Workers workers;
    private final RememberedInputs inputs;
    private final Slopes slopes;

    /** {@code slopes}: what a component of each token's output counts. */
    Outlets(LayerWeights weights, Slopes slopes, Workers workers) {
        this.weights = weights;
        this.slopes = slopes;
        this.workers = workers;
        inputs = new RememberedInputs(weights, id -> isOutlet(id.role()));
    }

    /** Whether a matrix of that role is an outlet. */
    static boolean isOutlet(MatrixRole role) {
        return switch (role) {
            case OUTPUT, DOWN, SHARED_DOWN -> true;
            case EMBEDDING, HEAD, QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, ROUTER, GATE, UP, SHARED_GATE,
                    SHARED_UP, SHARED_ROUTER -> false;
        };
    }

    /** The outlet behind a matrix. */
    static MatrixId behind(MatrixId id) {
        MatrixRole role = switch (id.role()) {
            case QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, OUTPUT -> MatrixRole.OUTPUT;
            case GATE, UP, DOWN -> MatrixRole.DOWN;
            case SHARED_GATE, SHARED_UP, SHARED_DOWN -> MatrixRole.SHARED_DOWN;
            case EMBEDDING, HEAD, ROUTER, SHARED_ROUTER -> throw new IllegalArgumentException(id.name() + " has no outlet");
        };
        return new MatrixId(role, id.layer(), id.expert());
    }

    /** Observer of the original model. */
    LinearObserver remembering() {
        return inputs.observer();
    }

    /** Observer of a changed model: adds to {@code errors} the squared output error of each outlet, summed over tokens. */
    LinearObserver comparing(Map<MatrixId, Double> errors) {
        return (id, x, tokens, _) -> inputs.of(id).filter(before -> before.tokens() == tokens)
                .ifPresent(before -> errors.merge(id, error(id, before, x), Double::sum));
    }

    /** Squared output error, summed over tokens, of an outlet that becomes another matrix; 0 if no token came. */
    double changed(MatrixId id, Matrix other) {
        return inputs.of(id).map(before -> {
            int rows = other.rows();
            float[] output = new float[before.tokens() * rows];
            float[] original = new float[output.length];
            Products.multiply(other, before.x(), before.tokens(), output, workers);
            Products.multiply(weights.matrix(id), before.x(), before.tokens(), original, workers);
            for (int i = 0; i < output.length; i++) {
                output[i] -= original[i];
            }
            return sum(id, before, output, rows);
        }).orElse(0.0);
    }

    private double error(MatrixId id, RememberedInputs.Seen before, float[] x) {
        int rows = weights.matrix(id).rows();
        float[] difference = new float[before.x().length];
        for (int i = 0; i < difference.length; i++) {
            difference[i] = x[i] - before.x()[i];
        }
        float[] output = new float[before.tokens() * rows];
        Products.multiply(weights.matrix(id), difference, before.tokens(), output, workers);
        return sum(id, before, output, rows);
    }

    private double sum(MatrixId id, RememberedInputs.Seen before, float[] output, int rows) {
        double sum = 0;
        for (int t = 0; t < before.tokens(); t++) {
            sum += before.weight(t) * slopes.squares(id.expert(), t, output, t * rows);
        }
        return sum;
    }
}
