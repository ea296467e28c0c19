package org.mojave.engine.model.arch;

import java.util.List;
import java.util.Optional;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.Gating;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Rope;

/** Qwen2-MoE (Qwen1.5-MoE): biased query, key and value, a shared expert behind a sigmoid gate. */
final class Qwen2Moe implements Architecture {
    private static final String SLIDING = "sliding_attention";

    @Override
    public String modelType() {
        return "qwen2_moe";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(16, 1e-6, 32_768, 10_000, false, -1));
        Rope rope = common.rope();
        Attention.Biases biases = new Attention.Biases(config.flag("qkv_bias", true), false);
        // Release 4.57 slides in every layer once use_sliding_window is set; max_window_layers matters to flash attention only.
        boolean slides = config.flag("use_sliding_window", false) && common.windowed();
        List<String> types = common.layerTypes(_ -> slides ? SLIDING : "full_attention", SLIDING, "full_attention");
        int count = config.integer("num_experts", 60, 0);
        SparseLayers sparse = SparseLayers.everyStep(config, count);
        Gating gating = common.gating();
        return new Recognised(common.model(i -> {
            Mask mask = slides && types.get(i).equals(SLIDING) ? common.sliding(4096) : new Mask.Full();
            Attention attention = common.attention(rope, biases, QueryKeyNorm.NONE, mask);
            if (!sparse.at(i)) {
                return new LayerSpec(attention, common.dense(false));
            }
            int shared = config.size("shared_expert_intermediate_size", 5632);
            return new LayerSpec(attention, new FeedForward.Mixture(Routers.softmax(config, count, 4),
                    config.size("moe_intermediate_size", 1408), gating, false,
                    Optional.of(new FeedForward.Shared(shared, gating, true, false))));
        }), new NamePatterns().shared("mlp.shared_expert.").inLayer(MatrixRole.SHARED_ROUTER, "mlp.shared_expert_gate"));
    }
}
