package org.mojave.engine.model.arch;

import java.util.Optional;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.QueryKeyNorm;

/** OLMoE: query and key norm over the whole projection, then an optional clip; every layer has experts. */
final class Olmoe implements Architecture {
    @Override
    public String modelType() {
        return "olmoe";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(0, 1e-5, 4096, 10_000, false, 50_279));
        int dimension = common.headDimension();
        double clip = config.has("clip_qkv") ? config.positive("clip_qkv", 1) : 0;
        Attention attention = new Attention.GroupedQuery(common.heads(), common.keyValueHeads(), dimension,
                Optional.of(common.rope()), new Mask.Full(), 1 / Math.sqrt(dimension), common.biases(), QueryKeyNorm.WHOLE, clip,
                false, Optional.empty());
        FeedForward experts = new FeedForward.Mixture(Routers.softmax(config, config.size("num_experts", 64), 8),
                config.size("intermediate_size"), common.gating(), false, Optional.empty());
        return new Recognised(common.model(_ -> new LayerSpec(attention, experts)), new NamePatterns());
    }
}
