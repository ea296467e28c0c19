package org.mojave.engine.model.arch;

import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Router;

/** DeepSeekMoE 16B (version 1, after its remote code): plain attention, softmax routing, shared experts, first layers dense. */
final class Deepseek implements Architecture {
    @Override
    public String modelType() {
        return "deepseek";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(0, 1e-6, 2048, 10_000, false, 100_001));
        Attention attention = common.attention(common.rope(), common.biases(), QueryKeyNorm.NONE, new Mask.Full());
        config.oneOf("scoring_func", "softmax", "softmax");
        int experts = config.integer("n_routed_experts", 0, 0);
        int intermediate = config.size("moe_intermediate_size", 1407);
        SparseLayers sparse = SparseLayers.afterDense(config, 0);
        return new Recognised(common.model(i -> new LayerSpec(attention, experts > 0 && sparse.at(i)
                ? new FeedForward.Mixture(router(config, experts), intermediate, common.gating(), false,
                        common.shared(config.integer("n_shared_experts", 0, 0), intermediate, false))
                : common.dense(false))), new NamePatterns());
    }

    private static Router router(Config config, int experts) {
        int chosen = config.size("num_experts_per_tok");
        boolean normalised = chosen > 1 && config.flag("norm_topk_prob", false);
        return new Router(experts, chosen, new Router.Score.Softmax(), new Router.Grouping.None(), false, false,
                normalised ? new Router.Normalisation.Sum(Routers.DEEPSEEK_ADDED) : new Router.Normalisation.None(), 1,
                Router.Target.EXPERT_OUTPUT);
    }
}
