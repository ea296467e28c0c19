package org.mojave.engine.model.arch;

import java.util.List;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Rope;
import org.mojave.engine.model.Router;

/** dots.llm1: per-head query and key norm, sliding layers, sigmoid routing with a correction bias. */
final class Dots1 implements Architecture {
    private static final String SLIDING = "sliding_attention";
    private static final String FULL = "full_attention";

    @Override
    public String modelType() {
        return "dots1";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(32, 1e-6, 2048, 10_000, false, -1));
        Rope rope = common.rope();
        int firstSliding = config.integer("max_window_layers", 62, 0);
        List<String> types = common.layerTypes(i -> common.windowed() && i >= firstSliding ? SLIDING : FULL, SLIDING, FULL);
        config.oneOf("scoring_func", "noaux_tc", "noaux_tc", "sigmoid");
        int intermediate = config.size("moe_intermediate_size", 1408);
        SparseLayers sparse = SparseLayers.afterDense(config, 0);
        return new Recognised(common.model(i -> {
            Mask mask = types.get(i).equals(SLIDING) ? common.sliding(4096) : new Mask.Full();
            Attention attention = common.attention(rope, common.biases(), QueryKeyNorm.PER_HEAD, mask);
            if (!sparse.at(i)) {
                return new LayerSpec(attention, common.dense(false));
            }
            Router router = Routers.sigmoidCorrected(config, config.size("n_group", 1), config.size("topk_group", 1), false, 1);
            return new LayerSpec(attention, new FeedForward.Mixture(router, intermediate, common.gating(), false,
                    common.shared(config.integer("n_shared_experts", 0, 0), intermediate, false)));
        }), new NamePatterns());
    }
}
