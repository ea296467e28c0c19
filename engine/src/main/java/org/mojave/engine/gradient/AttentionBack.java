package org.mojave.engine.gradient;

import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Model;
import org.mojave.engine.store.Weights;

/** Norm, the attention of either kind, output projection, backwards. */
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
        Attention attention = spec.layer(layer).attention();
        HiddenNorm norm = HiddenNorm.ofAttention(spec.norm(), weights, layer);
        float[] x = norm.forward(states);
        int tokens = x.length / spec.hiddenSize();
        float[] contexts = new float[Math.multiplyExact(tokens, attention.heads() * attention.valueDimension())];
        Linear.of(weights, MatrixId.of(MatrixRole.OUTPUT, layer), workers).back(output, tokens, contexts);
        float[] dx = switch (attention) {
            case Attention.GroupedQuery grouped ->
                new GroupedAttentionBack(grouped, spec.norm().epsilon(), weights, workers, lengths).back(layer, x, contexts);
            case Attention.Latent latent -> new LatentAttentionBack(latent, weights, workers, lengths).back(layer, x, contexts);
        };
        norm.back(states, dx, gradient);
    }
}
