package org.mojave.engine.model.arch;

import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Rope;

/** Llama: dense, grouped-query attention, SwiGLU. */
final class Llama implements Architecture {
    @Override
    public String modelType() {
        return "llama";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config);
        Rope rope = new RopeConfig(config, 10_000, 2048).partial(common.headDimension(), 1);
        boolean bias = config.flag("attention_bias", false);
        Attention attention = common.attention(rope, new Attention.Biases(bias, bias), QueryKeyNorm.NONE, new Mask.Full());
        FeedForward dense = common.dense(config.flag("mlp_bias", false));
        return new Recognised(common.model(common.norm(1e-6), 2048, common.endTokens(2),
                common.layers(_ -> new LayerSpec(attention, dense))), new NamePatterns());
    }
}
