package org.mojave.engine.gradient;

import java.util.Optional;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.Rotations;
import org.mojave.engine.store.Weights;

/** Norm, queries, keys and values, rope, attention, output projection, backwards. */
final class AttentionBack {
    private final ModelSpec spec;
    private final Weights weights;
    private final Workers workers;
    private final int[] lengths;

    /** For whole sequences of these lengths. */
    AttentionBack(Model model, Workers workers, int[] lengths) {
        spec = model.spec();
        weights = model.weights();
        this.workers = workers;
        this.lengths = lengths;
    }

    /** As {@link FeedForwardBack#back}. */
    void back(int layer, float[] states, float[] output, float[] gradient) {
        switch (spec.layer(layer).attention()) {
            case Attention.GroupedQuery attention -> back(layer, attention, states, new Flow(output, gradient));
            case Attention.Latent _ -> throw new IllegalArgumentException("latent attention has no gradient here");
        }
    }

    /** Gradient at what the half adds, and where that before it is added up. */
    private record Flow(float[] output, float[] gradient) {}

    private void back(int layer, Attention.GroupedQuery attention, float[] states, Flow flow) {
        SquareNorm norm = new SquareNorm(spec.norm().epsilon(), weights.vector(VectorRole.ATTENTION_NORM, layer).orElseThrow());
        float[] x = norm.forward(states);
        int tokens = x.length / spec.hiddenSize();
        Projection query = projection(layer, attention, MatrixRole.QUERY);
        Projection key = projection(layer, attention, MatrixRole.KEY);
        Projection value = projection(layer, attention, MatrixRole.VALUE);
        Projection.Pass queries = query.forward(x, tokens);
        Projection.Pass keys = key.forward(x, tokens);
        Projection.Pass values = value.forward(x, tokens);
        float[] contexts = new float[queries.result().length];
        Linear.of(weights, MatrixId.of(MatrixRole.OUTPUT, layer), workers).back(flow.output(), tokens, contexts);
        AttentionHeads heads = new AttentionHeads(attention, weights.vector(VectorRole.SINKS, layer), lengths, workers);
        AttentionHeads.Rows gradients = heads.back(new AttentionHeads.Rows(queries.result(), keys.result(), values.result()), contexts);
        float[] dx = new float[x.length];
        query.back(queries, gradients.queries(), dx);
        key.back(keys, gradients.keys(), dx);
        value.back(values, gradients.values(), dx);
        norm.back(states, dx, flow.gradient());
    }

    private Projection projection(int layer, Attention.GroupedQuery attention, MatrixRole role) {
        boolean turns = role != MatrixRole.VALUE;
        boolean normed = turns && (attention.norm() == QueryKeyNorm.PER_HEAD || attention.norm() == QueryKeyNorm.WHOLE);
        Optional<SquareNorm> norm = normed ? weights.vector(role == MatrixRole.QUERY ? VectorRole.QUERY_NORM : VectorRole.KEY_NORM, layer)
                .map(weight -> new SquareNorm(spec.norm().epsilon(), weight)) : Optional.empty();
        Optional<Rotations> turn = turns ? attention.rope().map(Rotations::new) : Optional.empty();
        Optional<Attention.Temperature> temperature = role == MatrixRole.QUERY && attention.rope().isEmpty() ? attention.temperature()
                : Optional.empty();
        return new Projection(Linear.of(weights, MatrixId.of(role, layer), workers), norm, attention.clip(),
                new Positions(attention, turn, temperature, lengths));
    }
}
