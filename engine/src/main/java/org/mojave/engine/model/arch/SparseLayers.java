package org.mojave.engine.model.arch;

import java.util.List;
import org.mojave.engine.model.Config;

/** Which layers have experts. */
@FunctionalInterface
interface SparseLayers {
    /** Whether layer {@code layer} has experts. */
    boolean at(int layer);

    /** Qwen: layers (1-based) that {@code decoder_sparse_step} divides, except {@code mlp_only_layers}; none without experts. */
    static SparseLayers everyStep(Config config, int experts) {
        int step = config.size("decoder_sparse_step", 1);
        List<Integer> dense = config.integers("mlp_only_layers", 0);
        return layer -> experts > 0 && !dense.contains(layer) && (layer + 1) % step == 0;
    }

    /** DeepSeek: from layer {@code first_k_dense_replace} on, those (0-based) that {@code moe_layer_freq} divides. */
    static SparseLayers afterDense(Config config, int absent) {
        int first = config.integer("first_k_dense_replace", absent, 0);
        int step = config.size("moe_layer_freq", 1);
        return layer -> layer >= first && layer % step == 0;
    }
}
