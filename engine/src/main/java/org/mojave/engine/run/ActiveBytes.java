package org.mojave.engine.run;

import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;

/**
 * Bytes of weights that one generated token reads, which bounds the speed of generation: memory bandwidth divided by it.
 * Vectors (norms, biases) are left out.
 *
 * @param always of the matrices that every token meets: attention, routers, shared experts, head, one row of the embedding
 * @param routed of the chosen experts; where experts differ in size, their mean
 */
public record ActiveBytes(long always, long routed) {
    /** Of that model. */
    public static ActiveBytes of(Model model) {
        Matrix embedding = model.weights().matrix(MatrixId.of(MatrixRole.EMBEDDING));
        Matrix head = model.spec().tiedHead() ? embedding : model.weights().matrix(MatrixId.of(MatrixRole.HEAD));
        long always = embedding.storedBytes() / embedding.rows() + head.storedBytes();
        double routed = 0;
        for (int layer = 0; layer < model.spec().layers().size(); layer++) {
            double share = share(model.spec().layer(layer));
            for (MatrixId id : model.spec().matrices(layer)) {
                long bytes = model.weights().matrix(id).storedBytes();
                if (id.expert() == MatrixId.NONE) {
                    always += bytes;
                } else {
                    routed += bytes * share;
                }
            }
        }
        return new ActiveBytes(always, Math.round(routed));
    }

    private static double share(LayerSpec layer) {
        return switch (layer.feedForward()) {
            case FeedForward.Dense _ -> 0;
            case FeedForward.Mixture mixture -> (double) mixture.router().chosen() / mixture.router().experts();
        };
    }

    /** All of them. */
    public long total() {
        return always + routed;
    }
}
