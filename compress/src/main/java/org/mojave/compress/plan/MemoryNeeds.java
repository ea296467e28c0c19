package org.mojave.compress.plan;

import org.mojave.engine.model.Attention;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.ModelSpec;

/**
 * Estimates from above of the memory that one step of the job holds, so that the smallest possible budget is known before
 * the work.
 */
public final class MemoryNeeds {
    private MemoryNeeds() {}

    /** Bytes of the buffers of a forward step over {@code tokens} tokens: the largest layer's activations. */
    public static long forward(ModelSpec spec, int tokens) {
        long most = 0;
        for (LayerSpec layer : spec.layers()) {
            most = Math.max(most, attention(spec, layer.attention()) + feedForward(spec, layer.feedForward()));
        }
        return (long) Float.BYTES * tokens * most;
    }

    /**
     * Bytes of the copies that matching keeps of the inputs of one step's matrices over {@code tokens} tokens, and of the
     * difference of one of them to the original's.
     */
    public static long matching(ModelSpec spec, int tokens) {
        long most = 0;
        for (LayerSpec layer : spec.layers()) {
            Attention attention = layer.attention();
            long heads = (long) attention.heads() * attention.valueDimension();
            most = Math.max(most, Math.max(spec.hiddenSize() + heads, switch (layer.feedForward()) {
                case FeedForward.Dense dense -> Math.max(spec.hiddenSize(), dense.intermediate());
                case FeedForward.Mixture mixture -> (mixture.router().chosen() + 1L) * Math.max(spec.hiddenSize(),
                        Math.max(mixture.intermediate(), mixture.shared().map(FeedForward.Shared::intermediate).orElse(0)));
            }));
        }
        return 2L * Float.BYTES * tokens * most;
    }

    /** Floats for one token: states, normed, output, queries, keys, values, context; compressed and expanded if latent. */
    private static long attention(ModelSpec spec, Attention attention) {
        long heads = (long) attention.heads() * (attention.keyDimension() + attention.valueDimension());
        long cached = (long) attention.keyValueHeads() * (attention.keyDimension() + attention.valueDimension());
        long latent = switch (attention) {
            case Attention.GroupedQuery _ -> 0;
            case Attention.Latent l -> (long) l.queryRank() + l.latentRank() + l.ropeDimension()
                    + (long) l.heads() * (l.plainDimension() + l.valueDimension());
        };
        return 3L * spec.hiddenSize() + heads + cached + latent;
    }

    /** Floats for one token: gathered, output, mixed, gate, up and the router's. */
    private static long feedForward(ModelSpec spec, FeedForward feedForward) {
        return 3L * spec.hiddenSize() + switch (feedForward) {
            case FeedForward.Dense dense -> 2L * dense.intermediate();
            case FeedForward.Mixture mixture -> 2L * Math.max(mixture.intermediate(),
                    mixture.shared().map(FeedForward.Shared::intermediate).orElse(0))
                    + mixture.router().experts() + 4L * mixture.router().chosen();
        };
    }
}
