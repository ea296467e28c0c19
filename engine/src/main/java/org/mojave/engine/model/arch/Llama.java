package org.mojave.engine.model.arch;

import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.QueryKeyNorm;

/** Llama: dense, grouped-query attention, SwiGLU. */
final class Llama implements Architecture {
    @Override
    public String modelType() {
        return "llama";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(0, 1e-6, 2048, 10_000, false, 2));
        Attention attention = common.attention(common.rope(), common.biases(), QueryKeyNorm.NONE, new Mask.Full());
        FeedForward dense = common.dense(config.flag("mlp_bias", false));
        return new Recognised(common.model(_ -> new LayerSpec(attention, dense)), new NamePatterns());
    }
}
