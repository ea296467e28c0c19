package org.mojave.engine.gradient;

import java.util.Optional;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.store.Weights;

/**
 * Multi-head and grouped-query attention between norm and output projection, backwards.
 *
 * @param epsilon of the norms of queries and keys
 * @param lengths of the whole sequences whose tokens follow one another
 */
record GroupedAttentionBack(Attention.GroupedQuery attention, double epsilon, Weights weights, Workers workers, int[] lengths) {
    /** The gradient at x, normalised states [tokens, hidden], from that at the contexts [tokens, heads · dimension]. */
    float[] back(int layer, float[] x, float[] contexts) {
        int tokens = contexts.length / (attention.heads() * attention.headDimension());
        Projection query = projection(layer, MatrixRole.QUERY);
        Projection key = projection(layer, MatrixRole.KEY);
        Projection value = projection(layer, MatrixRole.VALUE);
        Projection.Pass queries = query.forward(x, tokens);
        Projection.Pass keys = key.forward(x, tokens);
        Projection.Pass values = value.forward(x, tokens);
        AttentionHeads heads = new AttentionHeads(attention, weights.vector(VectorRole.SINKS, layer), lengths, workers);
        AttentionHeads.Rows gradients = heads.back(new AttentionHeads.Rows(queries.result(), keys.result(), values.result()), contexts);
        float[] dx = new float[x.length];
        query.back(queries, gradients.queries(), dx);
        key.back(keys, gradients.keys(), dx);
        value.back(values, gradients.values(), dx);
        return dx;
    }

    private Projection projection(int layer, MatrixRole role) {
        Linear linear = Linear.of(weights, MatrixId.of(role, layer), workers);
        if (role == MatrixRole.VALUE) {
            return new Projection(linear, Optional.empty(), attention.clip(), new Positions(Optional.empty(), Optional.empty(), lengths),
                    Optional.empty());
        }
        boolean query = role == MatrixRole.QUERY;
        Optional<SquareNorm> norm = switch (attention.norm()) {
            case PER_HEAD, WHOLE -> weights.vector(query ? VectorRole.QUERY_NORM : VectorRole.KEY_NORM, layer)
                    .map(weight -> new SquareNorm(epsilon, weight));
            case NONE, UNWEIGHTED_AFTER_ROPE -> Optional.empty();
        };
        Optional<SquareNorm> last = switch (attention.norm()) {
            case UNWEIGHTED_AFTER_ROPE -> attention.rope().map(_ -> SquareNorm.unweighted(epsilon, attention.headDimension()));
            case NONE, PER_HEAD, WHOLE -> Optional.empty();
        };
        Optional<Attention.Temperature> temperature = query && attention.rope().isEmpty() ? attention.temperature() : Optional.empty();
        Optional<Positions.Turn> turn = attention.rope().map(rope -> Positions.Turn.of(rope, attention.headDimension(), 0));
        return new Projection(linear, norm, attention.clip(), new Positions(turn, temperature, lengths), last);
    }
}
