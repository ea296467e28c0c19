package org.mojave.engine.model.arch;

import java.util.Optional;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Router;

/** Mixtral: every layer has experts; softmax routing, renormalised. */
final class Mixtral implements Architecture {
    @Override
    public String modelType() {
        return "mixtral";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(8, 1e-5, 131_072, 1e6, false, 2));
        Attention attention = common.attention(common.rope(), new Attention.Biases(false, false), QueryKeyNorm.NONE,
                common.slidingOrFull());
        Router router = new Router(config.size("num_local_experts", 8), config.size("num_experts_per_tok", 2),
                new Router.Score.Softmax(), new Router.Grouping.None(), false, false, new Router.Normalisation.Sum(0), 1,
                Router.Target.EXPERT_OUTPUT);
        FeedForward experts = new FeedForward.Mixture(router, config.size("intermediate_size"), common.gating(), false,
                Optional.empty());
        NamePatterns names = new NamePatterns().inLayer(MatrixRole.ROUTER, "block_sparse_moe.gate")
                .experts("block_sparse_moe.experts.{expert}.", "w1", "w3", "w2");
        return new Recognised(common.model(_ -> new LayerSpec(attention, experts)), names);
    }
}
