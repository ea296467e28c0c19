package org.mojave.compress.transform;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.LinearObserver;
import org.mojave.engine.run.Routing;

/**
 * The largest and smallest input of each channel that the matrices of one layer of the original see: of an expert those of the tokens
 * routed to it. Inputs that several matrices share are kept once, for {@link #wants the matrix that stands for them}.
 */
public final class LayerExtremes implements LinearObserver {
    /**
     * What one matrix saw.
     *
     * @param maximum [columns], at least 0
     * @param minimum [columns], at most 0
     * @param tokens how many
     */
    public record Seen(float[] maximum, float[] minimum, long tokens) {
        /** Largest magnitude, [columns]. */
        public float[] magnitude() {
            float[] magnitude = new float[maximum.length];
            for (int j = 0; j < magnitude.length; j++) {
                magnitude[j] = Math.max(maximum[j], -minimum[j]);
            }
            return magnitude;
        }
    }

    private final ModelSpec spec;
    private final Map<MatrixId, Seen> seen = new HashMap<>();
    private double[] probabilities = new double[0];
    private long tokens;

    /** Nothing seen. */
    public LayerExtremes(ModelSpec spec) {
        this.spec = spec;
    }

    /** Most floats that a layer's extremes take. */
    public static long bytes(ModelSpec spec, int layer) {
        return spec.matrices(layer).stream().filter(id -> wants(id.role())).mapToLong(id -> 2L * Float.BYTES * spec.shape(id).columns()).sum();
    }

    /** Whether a matrix of that role stands for all that share its input. */
    private static boolean wants(MatrixRole role) {
        return switch (role) {
            case QUERY, QUERY_DOWN, LATENT_DOWN, ROUTER, GATE, SHARED_GATE, DOWN, SHARED_DOWN -> true;
            case EMBEDDING, HEAD, KEY, VALUE, QUERY_UP, LATENT_UP, OUTPUT, UP, SHARED_UP, SHARED_ROUTER -> false;
        };
    }

    @Override
    public void input(MatrixId id, float[] x, int count, float[] affinity) {
        if (!wants(id.role())) {
            return;
        }
        int columns = spec.shape(id).columns();
        Seen before = seen.getOrDefault(id, new Seen(new float[columns], new float[columns], 0));
        for (int t = 0; t < count; t++) {
            for (int j = 0; j < columns; j++) {
                float value = x[t * columns + j];
                before.maximum[j] = Math.max(before.maximum[j], value);
                before.minimum[j] = Math.min(before.minimum[j], value);
            }
        }
        seen.put(id, new Seen(before.maximum, before.minimum, before.tokens + count));
    }

    /** Hears the router's logits, for the mean probability of each expert. */
    public void routed(Routing routing) {
        int experts = routing.tokens() == 0 ? 0 : spec.mixture(layer()).router().experts();
        if (probabilities.length == 0) {
            probabilities = new double[experts];
        }
        double[] p = new double[experts];
        for (int t = 0; t < routing.tokens(); t++) {
            float largest = Float.NEGATIVE_INFINITY;
            for (int e = 0; e < experts; e++) {
                largest = Math.max(largest, routing.logits()[t * experts + e]);
            }
            double sum = 0;
            for (int e = 0; e < experts; e++) {
                p[e] = Math.exp(routing.logits()[t * experts + e] - largest);
                sum += p[e];
            }
            for (int e = 0; e < experts; e++) {
                probabilities[e] += p[e] / sum;
            }
        }
        tokens += routing.tokens();
    }

    private int layer() {
        return seen.keySet().iterator().next().layer();
    }

    /** What a matrix saw; zeros where no token reached it. */
    public Seen of(MatrixId id) {
        int columns = spec.shape(id).columns();
        return Optional.ofNullable(seen.get(id)).orElseGet(() -> new Seen(new float[columns], new float[columns], 0));
    }

    /** Mean router probability of each expert, [experts]. */
    public double[] routerProbabilities() {
        return Arrays.stream(probabilities).map(p -> p / Math.max(1, tokens)).toArray();
    }
}
