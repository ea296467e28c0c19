package org.mojave.engine.run;

import java.util.Optional;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.store.ExpertStore;

/**
 * What a forward pass is put together from, beside the weights of the layers.
 *
 * @param path how matrices are multiplied
 * @param experts where routed experts come from, if not from the layers' weights
 * @param pruning what skips experts, if anything does
 */
public record RunParts(ProductPath path, Optional<ExpertStore> experts, Optional<DynamicPruning> pruning) {
    /** Nothing but a way to multiply. */
    public static RunParts of(ProductPath path) {
        return new RunParts(path, Optional.empty(), Optional.empty());
    }
}
