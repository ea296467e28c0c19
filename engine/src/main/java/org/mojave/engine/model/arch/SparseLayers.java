package org.mojave.engine.model.arch;

import java.util.List;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.Router;

/** Which layers have experts. */
@FunctionalInterface
interface SparseLayers {
    /** Whether layer {@code layer} has experts. */
    boolean at(int layer);

    /** Qwen: layers (1-based) that {@code decoder_sparse_step} divides, except {@code mlp_only_layers}. */
    static SparseLayers everyStep(Config config) {
        int step = config.size("decoder_sparse_step", 1);
        List<Integer> dense = config.integers("mlp_only_layers", 0);
        return layer -> !dense.contains(layer) && (layer + 1) % step == 0;
    }

    /** Softmax over all experts, renormalised where {@code norm_topk_prob} says so (Qwen, OLMoE). */
    static Router softmaxRouter(Config config, int expertsAbsent, int chosenAbsent) {
        Router.Normalisation normalisation = config.flag("norm_topk_prob", false) ? new Router.Normalisation.Sum(0)
                : new Router.Normalisation.None();
        return new Router(config.size("num_experts", expertsAbsent), config.size("num_experts_per_tok", chosenAbsent),
                new Router.Score.Softmax(), new Router.Grouping.None(), false, false, normalisation, 1,
                Router.Target.EXPERT_OUTPUT);
    }
}
