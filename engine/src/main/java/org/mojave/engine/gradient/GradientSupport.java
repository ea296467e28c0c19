package org.mojave.engine.gradient;

import java.util.Optional;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Router;

/** Which models have a gradient here. */
public final class GradientSupport {
    private GradientSupport() {}

    /** The first block of the model that has none, for people; empty if all have one. */
    public static Optional<String> missing(ModelSpec spec) {
        return spec.layers().stream().distinct().flatMap(layer -> missing(layer).stream()).findFirst();
    }

    private static Optional<String> missing(LayerSpec layer) {
        Optional<String> attention = switch (layer.attention()) {
            case Attention.Latent _ -> Optional.empty();
            case Attention.GroupedQuery grouped -> grouped.norm() == QueryKeyNorm.UNWEIGHTED_AFTER_ROPE
                    ? Optional.of("a norm of queries and keys after the rope") : Optional.empty();
        };
        return attention.or(() -> missing(layer.feedForward()));
    }

    private static Optional<String> missing(FeedForward feedForward) {
        return switch (feedForward) {
            case FeedForward.Dense _ -> Optional.empty();
            case FeedForward.Mixture mixture -> missing(mixture.router());
        };
    }

    private static Optional<String> missing(Router router) {
        if (router.target() == Router.Target.EXPERT_INPUT) {
            return Optional.of("a router that scales what goes into experts");
        }
        return Optional.empty();
    }
}
