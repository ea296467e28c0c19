package org.mojave.compress.sensitivity;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;

/** What went into some matrices of a layer in one run, to hold those of other runs against it. */
final class RememberedInputs {
    /** Input of one matrix [tokens, columns], with the tokens' routing weights or null. */
    record Seen(float[] x, float[] affinity, int tokens) {
        /** How much a token counts in a squared error of outputs: the square of its routing weight. */
        double weight(int token) {
            double own = affinity == null ? 1 : affinity[token];
            return own * own;
        }
    }

    private final LayerWeights weights;
    private final Predicate<MatrixId> wanted;
    private final Map<MatrixId, Seen> seen = new HashMap<>();

    /** Of those matrices of the layer. */
    RememberedInputs(LayerWeights weights, Predicate<MatrixId> wanted) {
        this.weights = weights;
        this.wanted = wanted;
    }

    /** Observer of the run that is remembered. */
    LinearObserver observer() {
        return (id, x, tokens, affinity) -> {
            if (wanted.test(id)) {
                float[] weight = affinity == null ? null : Arrays.copyOf(affinity, tokens);
                seen.put(id, new Seen(Arrays.copyOf(x, tokens * weights.matrix(id).columns()), weight, tokens));
            }
        };
    }

    /** What a matrix saw, if it is one of those and some token came. */
    Optional<Seen> of(MatrixId id) {
        return Optional.ofNullable(seen.get(id));
    }
}
