package org.mojave.engine.model.arch;

import java.util.Optional;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.Multipliers;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Rope;
import org.mojave.engine.model.TensorSlice;

/** Reads the keys of both Granite-MoE families. */
record GraniteConfig(Config config) {
    private static final String LAYER = "model.layers.{layer}.";

    /** A model whose shared expert has that size; 0 for none. */
    Recognised read(int sharedIntermediate) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(0, 1e-6, 2048, 10_000, false, 2));
        boolean positions = config.oneOf("position_embedding_type", "rope", "rope", "nope").equals("rope");
        Optional<Rope> rope = positions ? Optional.of(common.rope()) : Optional.empty();
        Attention attention = new Attention.GroupedQuery(common.heads(), common.keyValueHeads(), common.headDimension(), rope,
                new Mask.Full(), config.number("attention_multiplier", 1), common.biases(), QueryKeyNorm.NONE, 0, false,
                Optional.empty());
        FeedForward experts = new FeedForward.Mixture(
                Routers.softmaxOfChosen(config.size("num_local_experts", 8), config.size("num_experts_per_tok", 2), false),
                config.size("intermediate_size"), common.gating(), false, common.shared(Math.min(1, sharedIntermediate),
                        sharedIntermediate, false));
        Multipliers multipliers = new Multipliers(config.number("embedding_multiplier", 1),
                config.number("residual_multiplier", 1), config.positive("logits_scaling", 1));
        return new Recognised(common.model(common.norm(), false, multipliers, _ -> new LayerSpec(attention, experts)), names());
    }

    private static NamePatterns names() {
        TensorSlice joined = TensorSlice.stacked(LAYER + "block_sparse_moe.input_linear.weight");
        TensorSlice shared = TensorSlice.whole(LAYER + "shared_mlp.input_linear.weight");
        return new NamePatterns().inLayer(MatrixRole.ROUTER, "block_sparse_moe.router.layer")
                .expert(MatrixRole.GATE, joined.half(0)).expert(MatrixRole.UP, joined.half(1))
                .expert(MatrixRole.DOWN, TensorSlice.stacked(LAYER + "block_sparse_moe.output_linear.weight"))
                .matrix(MatrixRole.SHARED_GATE, shared.half(0)).matrix(MatrixRole.SHARED_UP, shared.half(1))
                .inLayer(MatrixRole.SHARED_DOWN, "shared_mlp.output_linear");
    }
}
