package org.mojave.engine.model.arch;

import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.Multipliers;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Rope;
import org.mojave.engine.model.Router;
import org.mojave.engine.model.VectorRole;

/** ERNIE 4.5: interleaved rope, softmax routing with a correction bias on the probabilities, shared experts. */
final class Ernie45Moe implements Architecture {
    @Override
    public String modelType() {
        return "ernie4_5_moe";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(4, 1e-5, 131_072, 500_000, true, 2));
        Rope rope = common.ropeConfig().rope(common.headDimension(), true);
        boolean bias = config.flag("use_bias", false);
        Attention attention = common.attention(rope, new Attention.Biases(bias, bias), QueryKeyNorm.NONE, new Mask.Full());
        int intermediate = config.size("moe_intermediate_size", 1536);
        Router router = new Router(config.size("moe_num_experts", 64), config.size("moe_k", 6), new Router.Score.Softmax(),
                new Router.Grouping.None(), true, false,
                new Router.Normalisation.SumAtLeast(config.positive("moe_norm_min", 1e-12)), 1, Router.Target.EXPERT_OUTPUT);
        FeedForward experts = new FeedForward.Mixture(router, intermediate, common.gating(), bias,
                common.shared(config.integer("moe_num_shared_experts", 2, 0), intermediate, bias));
        SparseLayers sparse = sparseLayers(config, common.layerCount());
        return new Recognised(common.model(common.norm(), bias, Multipliers.NONE,
                i -> new LayerSpec(attention, sparse.at(i) ? experts : common.dense(bias))),
                new NamePatterns().vector(VectorRole.ROUTER_CORRECTION,
                        "model.layers.{layer}.mlp.moe_statics.e_score_correction_bias"));
    }

    private static SparseLayers sparseLayers(Config config, int layers) {
        int first = config.integer("moe_layer_start_index", 1, 0);
        int end = config.integer("moe_layer_end_index", -1, -1);
        int last = end == -1 ? layers - 1 : end;
        int interval = config.size("moe_layer_interval", 1);
        return layer -> (layer + 1) % interval == 0 && layer >= first && layer <= last;
    }
}
