package org.mojave.engine.model.arch;

import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Router;

/**
 * DeepSeek-V2: latent attention; softmax routing, greedy or limited to the groups with the best expert. As in DeepSeek's own
 * code, weights are either normalised ({@code norm_topk_prob}) or scaled ({@code routed_scaling_factor}).
 */
final class DeepseekV2 implements Architecture {
    @Override
    public String modelType() {
        return "deepseek_v2";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(0, 1e-6, 2048, 10_000, false, 1));
        Attention attention = new LatentConfig(common).attention(true);
        config.oneOf("scoring_func", "softmax", "softmax");
        boolean bias = config.flag("mlp_bias", false);
        int intermediate = config.size("moe_intermediate_size", 1407);
        SparseLayers sparse = SparseLayers.afterDense(config, 0);
        return new Recognised(common.model(i -> new LayerSpec(attention, sparse.at(i)
                ? new FeedForward.Mixture(router(config), intermediate, common.gating(), bias,
                        common.shared(sharedExperts(config), intermediate, bias))
                : common.dense(bias))), new NamePatterns());
    }

    private static int sharedExperts(Config config) {
        return config.node().has("n_shared_experts") ? config.integer("n_shared_experts", 0, 0) : 2;
    }

    private static Router router(Config config) {
        String method = config.oneOf("topk_method", "greedy", "greedy", "group_limited_greedy");
        int chosen = config.size("num_experts_per_tok");
        boolean normalised = chosen > 1 && config.flag("norm_topk_prob", false);
        Router.Grouping grouping = method.equals("greedy") ? new Router.Grouping.None()
                : new Router.Grouping.BestOfGroup(config.size("n_group"), config.size("topk_group"));
        return new Router(config.size("n_routed_experts", 64), chosen, new Router.Score.Softmax(), grouping, false, false,
                normalised ? new Router.Normalisation.Sum(Routers.DEEPSEEK_ADDED) : new Router.Normalisation.None(),
                normalised ? 1 : config.number("routed_scaling_factor", 1), Router.Target.EXPERT_OUTPUT);
    }
}
