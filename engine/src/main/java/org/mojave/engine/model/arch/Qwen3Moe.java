package org.mojave.engine.model.arch;

import java.util.Optional;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Rope;

/** Qwen3-MoE: per-head query and key norm, softmax routing, no shared expert. */
final class Qwen3Moe implements Architecture {
    @Override
    public String modelType() {
        return "qwen3_moe";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config);
        Rope rope = new RopeConfig(config, 10_000, 32768).partial(common.headDimension(), 1);
        boolean bias = config.flag("attention_bias", false);
        Mask mask = config.flag("use_sliding_window", false) ? new Mask.Sliding(config.size("sliding_window", 4096)) : new Mask.Full();
        Attention attention = common.attention(rope, new Attention.Biases(bias, bias), QueryKeyNorm.PER_HEAD, mask);
        FeedForward experts = new FeedForward.Mixture(SparseLayers.softmaxRouter(config, 128, 8), config.size("moe_intermediate_size", 768),
                common.gating(), false, Optional.empty());
        SparseLayers sparse = SparseLayers.everyStep(config);
        return new Recognised(common.model(common.norm(1e-6), 32768, common.endTokens(),
                common.layers(i -> new LayerSpec(attention, sparse.at(i) ? experts : common.dense(false)))), new NamePatterns());
    }
}
