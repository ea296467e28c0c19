package org.mojave.engine.gradient;

import java.util.Optional;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.QueryKeyNorm;
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
        boolean turns = role != MatrixRole.VALUE;
        boolean normed = turns && (attention.norm() == QueryKeyNorm.PER_HEAD || attention.norm() == QueryKeyNorm.WHOLE);
        Optional<SquareNorm> norm = normed ? weights.vector(role == MatrixRole.QUERY ? VectorRole.QUERY_NORM : VectorRole.KEY_NORM, layer)
                .map(weight -> new SquareNorm(epsilon, weight)) : Optional.empty();
        Optional<Positions.Turn> turn = turns ? attention.rope().map(rope -> Positions.Turn.of(rope, attention.headDimension(), 0))
                : Optional.empty();
        Optional<Attention.Temperature> temperature = role == MatrixRole.QUERY && attention.rope().isEmpty() ? attention.temperature()
                : Optional.empty();
        return new Projection(Linear.of(weights, MatrixId.of(role, layer), workers), norm, attention.clip(),
                new Positions(turn, temperature, lengths));
    }
}
