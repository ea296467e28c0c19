package org.mojave.engine.run;

import java.util.Optional;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.store.ExpertStore;

/**
 * What a forward pass is put together from, beside the weights of the layers.
 *
 * <p>Example: {@code RunParts.of(model, path).with(KeyValueType.Q8)}.
 *
 * @param path how matrices are multiplied
 * @param experts where routed experts come from, if not from the layers' weights
 * @param routes what replaces the router's choices, if anything does
 * @param pruning what skips experts, if anything does
 * @param keyValues how caches keep keys and values
 */
public record RunParts(ProductPath path, Optional<ExpertStore> experts, Optional<RouteChange> routes, Optional<DynamicPruning> pruning,
        KeyValueType keyValues) {
    /** Nothing but a way to multiply. */
    public static RunParts of(ProductPath path) {
        return new RunParts(path, Optional.empty(), Optional.empty(), Optional.empty(), KeyValueType.F32);
    }

    /** A way to multiply, and the experts of that model. */
    public static RunParts of(Model model, ProductPath path) {
        return of(path).with(model.experts());
    }

    /** These with experts from there, or from the layers' weights. */
    public RunParts with(Optional<ExpertStore> newExperts) {
        return new RunParts(path, newExperts, routes, pruning, keyValues);
    }

    /** These with something that replaces the router's choices, or nothing. */
    public RunParts routes(Optional<RouteChange> newRoutes) {
        return new RunParts(path, experts, newRoutes, pruning, keyValues);
    }

    /** These with something that skips experts, or nothing. */
    public RunParts skipping(Optional<DynamicPruning> newPruning) {
        return new RunParts(path, experts, routes, newPruning, keyValues);
    }

    /** These with keys and values stored in that way. */
    public RunParts with(KeyValueType newKeyValues) {
        return new RunParts(path, experts, routes, pruning, newKeyValues);
    }
}
