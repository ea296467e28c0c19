package org.mojave.engine.model.arch;

import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Router;

/**
 * DeepSeek-V3 and R1: latent attention; sigmoid routing with a correction bias within the best groups. Layers beyond {@code
 * num_hidden_layers} in the files predict further tokens and are not used.
 */
final class DeepseekV3 implements Architecture {
    @Override
    public String modelType() {
        return "deepseek_v3";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(0, 1e-6, 4096, 10_000, false, 1));
        Attention attention = new LatentConfig(common).attention(config.flag("rope_interleave", true));
        config.oneOf("scoring_func", "sigmoid", "sigmoid");
        config.oneOf("topk_method", "noaux_tc", "noaux_tc");
        int intermediate = config.size("moe_intermediate_size", 2048);
        SparseLayers sparse = SparseLayers.afterDense(config, 3);
        return new Recognised(common.model(i -> {
            if (!sparse.at(i)) {
                return new LayerSpec(attention, common.dense(false));
            }
            Router router = Routers.sigmoidCorrected(config, config.size("n_group", 8), config.size("topk_group", 4), true, 2.5);
            return new LayerSpec(attention, new FeedForward.Mixture(router, intermediate, common.gating(), false,
                    common.shared(config.integer("n_shared_experts", 1, 0), intermediate, false)));
        }), new NamePatterns());
    }
}
