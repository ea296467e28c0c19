package org.mojave.engine.run;

import java.util.Optional;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.store.ExpertStore;

/**
 * What a forward pass is put together from, beside the weights of the layers.
 *
 * @param path how matrices are multiplied
 * @param experts where routed experts come from, if not from the layers' weights
 * @param routes what replaces the router's choices, if anything does
 * @param pruning what skips experts, if anything does
 */
public record RunParts(ProductPath path, Optional<ExpertStore> experts, Optional<RouteChange> routes, Optional<DynamicPruning> pruning) {
    /** Nothing but a way to multiply. */
    public static RunParts of(ProductPath path) {
        return new RunParts(path, Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** The same with experts from there. */
    public RunParts experts(Optional<ExpertStore> store) {
        return new RunParts(path, store, routes, pruning);
    }

    /** The same with routes replaced. */
    public RunParts routes(Optional<RouteChange> change) {
        return new RunParts(path, experts, change, pruning);
    }

    /** The same with experts skipped. */
    public RunParts pruning(Optional<DynamicPruning> skips) {
        return new RunParts(path, experts, routes, skips);
    }
}
