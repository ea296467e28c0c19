package org.mojave.engine.model.arch;

import java.util.Optional;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.Multipliers;
import org.mojave.engine.model.Norm;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Router;

/** Phi-3.5-MoE: layer norm, biases, LongRoPE with its own amplitudes, SparseMixer routing of two experts. */
final class Phimoe implements Architecture {
    @Override
    public String modelType() {
        return "phimoe";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(8, 1e-5, 131_072, 1e6, false, 2));
        Mask mask = config.flag("use_sliding_window", true) ? common.slidingOrFull() : new Mask.Full();
        Attention attention = common.attention(common.rope(), common.biases(), QueryKeyNorm.NONE, mask);
        int chosen = config.size("num_experts_per_tok", 2);
        if (chosen != 2) {
            throw config.unsupported("num_experts_per_tok", chosen, "SparseMixer routes to 2 experts");
        }
        Router router = new Router(config.size("num_local_experts", 16), chosen,
                new Router.Score.SparseMixer(config.number("router_jitter_noise", 0.01)), new Router.Grouping.None(), false,
                false, new Router.Normalisation.None(), 1, Router.Target.EXPERT_OUTPUT);
        FeedForward experts = new FeedForward.Mixture(router, config.size("intermediate_size"), common.gating(), false,
                Optional.empty());
        NamePatterns names = new NamePatterns().inLayer(MatrixRole.ROUTER, "block_sparse_moe.gate")
                .experts("block_sparse_moe.experts.{expert}.", "w1", "w3", "w2");
        Norm norm = new Norm.Layer(config.positive("rms_norm_eps", 1e-5));
        return new Recognised(common.model(norm, config.flag("lm_head_bias", false), Multipliers.NONE,
                _ -> new LayerSpec(attention, experts)), names);
    }
}
