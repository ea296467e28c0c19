package org.mojave.compress.calibrate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;

/**
 * Matrices of one layer that are multiplied with the same activations and therefore share one Hessian.
 *
 * @param matrices at least one, all with the same number of columns
 */
public record InputGroup(List<PlannedMatrix> matrices) {
    /** The two halves of a layer. */
    public enum Half {
        ATTENTION,
        FEED_FORWARD
    }

    /** What is quantized together; each step sees the inputs that the quantized matrices of the steps before it make. */
    public enum Step {
        /** What reads the normed state: queries, keys and values, or their compressed forms. */
        ATTENTION_INPUT(Half.ATTENTION),
        /** What reads the compressed forms. */
        ATTENTION_LATENT(Half.ATTENTION),
        /** The output projection. */
        ATTENTION_OUTPUT(Half.ATTENTION),
        /** Gate and up of all networks. */
        NETWORK_INPUT(Half.FEED_FORWARD),
        /** Down of all networks. */
        NETWORK_OUTPUT(Half.FEED_FORWARD);

        private final Half half;

        Step(Half half) {
            this.half = half;
        }

        /** The half that it belongs to. */
        public Half half() {
            return half;
        }
    }

    public InputGroup {
        matrices = List.copyOf(matrices);
        int columns = matrices.getFirst().shape().columns();
        if (matrices.stream().anyMatch(m -> m.shape().columns() != columns)) {
            throw new IllegalArgumentException("matrices with different inputs: " + matrices);
        }
    }

    /** The matrix whose input is looked at for all. */
    public MatrixId lead() {
        return matrices.getFirst().id();
    }

    /** Names the input, whichever of its matrices are in the group. */
    public MatrixId key() {
        return new MatrixId(leadRole(lead().role()), lead().layer(), lead().expert());
    }

    /** Input features. */
    public int columns() {
        return matrices.getFirst().shape().columns();
    }

    /** The groups of one step among a layer's matrices, in their order. */
    public static List<InputGroup> of(List<PlannedMatrix> matrices, Step step) {
        Map<MatrixId, List<PlannedMatrix>> groups = new LinkedHashMap<>();
        for (PlannedMatrix matrix : matrices) {
            if (step(matrix.id().role()) == step) {
                MatrixId key = new MatrixId(leadRole(matrix.id().role()), matrix.id().layer(), matrix.id().expert());
                groups.computeIfAbsent(key, _ -> new ArrayList<>()).add(matrix);
            }
        }
        return groups.values().stream().map(InputGroup::new).toList();
    }

    /** As many groups from the start as have room, each for so many bytes; at least one. */
    public static List<InputGroup> wave(List<InputGroup> groups, long room, ToLongFunction<InputGroup> bytes) {
        int count = 0;
        for (long left = room; count < groups.size(); count++) {
            left -= bytes.applyAsLong(groups.get(count));
            if (left < 0 && count > 0) {
                break;
            }
        }
        return groups.subList(0, count);
    }

    private static Step step(MatrixRole role) {
        return switch (role) {
            case QUERY, KEY, VALUE, QUERY_DOWN, LATENT_DOWN -> Step.ATTENTION_INPUT;
            case QUERY_UP, LATENT_UP -> Step.ATTENTION_LATENT;
            case OUTPUT -> Step.ATTENTION_OUTPUT;
            case ROUTER, GATE, UP, SHARED_GATE, SHARED_UP, SHARED_ROUTER -> Step.NETWORK_INPUT;
            case DOWN, SHARED_DOWN -> Step.NETWORK_OUTPUT;
            case EMBEDDING, HEAD -> throw new IllegalArgumentException(role + " belongs to no layer");
        };
    }

    /** A role that stands for all roles with the same input. */
    private static MatrixRole leadRole(MatrixRole role) {
        return switch (role) {
            case QUERY, KEY, VALUE, QUERY_DOWN, LATENT_DOWN -> MatrixRole.QUERY;
            case GATE, UP -> MatrixRole.GATE;
            case SHARED_GATE, SHARED_UP -> MatrixRole.SHARED_GATE;
            case QUERY_UP, LATENT_UP, OUTPUT, DOWN, SHARED_DOWN, ROUTER, SHARED_ROUTER, EMBEDDING, HEAD -> role;
        };
    }
}
