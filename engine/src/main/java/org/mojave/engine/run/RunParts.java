package org.mojave.engine.run;

import java.util.Optional;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.store.ExpertStore;

/**
 * What a forward pass is put together from, beside the weights of the layers.
 *
 * <p>Example: {@code RunParts.of(model, path).keyValues(KeyValueType.Q8)}.
 *
 * @param path how matrices are multiplied
 * @param experts where routed experts come from, if not from the layers' weights
 * @param routes what replaces the router's choices, if anything does
 * @param pruning what skips experts, if anything does
 * @param keyValues how caches keep keys and values
 * @param neurons what leaves out parts of experts, if anything does
 */
public record RunParts(ProductPath path, Optional<ExpertStore> experts, Optional<RouteChange> routes, Optional<DynamicPruning> pruning,
        KeyValueType keyValues, Optional<NeuronChoice> neurons) {
    /** Nothing but a way to multiply. */
    public static RunParts of(ProductPath path) {
        return new RunParts(path, Optional.empty(), Optional.empty(), Optional.empty(), KeyValueType.F32, Optional.empty());
    }

    /** A way to multiply, and the experts of that model. */
    public static RunParts of(Model model, ProductPath path) {
        return of(path).experts(model.experts());
    }

    /** The same with experts from there. */
    public RunParts experts(Optional<ExpertStore> store) {
        return new RunParts(path, store, routes, pruning, keyValues, neurons);
    }

    /** The same with routes replaced. */
    public RunParts routes(Optional<RouteChange> change) {
        return new RunParts(path, experts, change, pruning, keyValues, neurons);
    }

    /** The same with experts skipped. */
    public RunParts pruning(Optional<DynamicPruning> skips) {
        return new RunParts(path, experts, routes, skips, keyValues, neurons);
    }

    /** The same with keys and values stored in that way. */
    public RunParts keyValues(KeyValueType type) {
        return new RunParts(path, experts, routes, pruning, type, neurons);
    }

    /** The same with parts of experts left out. */
    public RunParts neurons(Optional<NeuronChoice> choice) {
        return new RunParts(path, experts, routes, pruning, keyValues, choice);
    }
}
