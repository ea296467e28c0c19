package org.mojave.engine.model.arch;

import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Rope;
import org.mojave.engine.model.Router;

/** GLM-4.5: partial rope, optional per-head query and key norm, sigmoid routing with a correction bias. */
final class Glm4Moe implements Architecture {
    @Override
    public String modelType() {
        return "glm4_moe";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(8, 1e-5, 131_072, 10_000, false, -1));
        Rope rope = common.ropeConfig().partial(common.headDimension(), 0.5);
        QueryKeyNorm norm = config.flag("use_qk_norm", false) ? QueryKeyNorm.PER_HEAD : QueryKeyNorm.NONE;
        Attention attention = common.attention(rope, new Attention.Biases(config.flag("attention_bias", false), false), norm,
                new Mask.Full());
        config.oneOf("scoring_func", "sigmoid", "sigmoid");
        int intermediate = config.size("moe_intermediate_size", 1408);
        SparseLayers sparse = SparseLayers.afterDense(config, 1);
        return new Recognised(common.model(i -> {
            if (!sparse.at(i)) {
                return new LayerSpec(attention, common.dense(false));
            }
            Router router = Routers.sigmoidCorrected(config, config.size("n_group", 1), config.size("topk_group", 1), true, 1);
            return new LayerSpec(attention, new FeedForward.Mixture(router, intermediate, common.gating(), false,
                    common.shared(config.integer("n_shared_experts", 1, 0), intermediate, false)));
        }), new NamePatterns());
    }
}
