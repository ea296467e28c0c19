package org.mojave.engine.model.arch;

import java.util.Optional;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.QueryKeyNorm;

/** Qwen3-MoE: per-head query and key norm, softmax routing, no shared expert. */
final class Qwen3Moe implements Architecture {
    @Override
    public String modelType() {
        return "qwen3_moe";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(4, 1e-6, 32_768, 10_000, false, -1));
        boolean slides = config.flag("use_sliding_window", false) && common.windowed();
        Mask mask = slides ? common.sliding(4096) : new Mask.Full();
        Attention attention = common.attention(common.rope(), common.biases(), QueryKeyNorm.PER_HEAD, mask);
        int count = config.integer("num_experts", 128, 0);
        SparseLayers sparse = SparseLayers.everyStep(config, count);
        return new Recognised(common.model(i -> new LayerSpec(attention, sparse.at(i)
                ? new FeedForward.Mixture(Routers.softmax(config, count, 8), config.size("moe_intermediate_size", 768),
                        common.gating(), false, Optional.empty())
                : common.dense(false))), new NamePatterns());
    }
}
