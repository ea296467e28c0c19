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
import org.mojave.engine.model.RopeScaling;
import org.mojave.engine.model.TensorSlice;

/** gpt-oss: attention sinks, sliding and full layers in turn, clamped gating, expert tensors transposed or in MXFP4. */
final class GptOss implements Architecture {
    private static final String EXPERTS = "model.layers.{layer}.mlp.experts.";
    private static final String SLIDING = "sliding_attention";
    private static final String FULL = "full_attention";

    @Override
    public String modelType() {
        return "gpt_oss";
    }

    @Override
    public Recognised read(Config config) {
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(8, 1e-5, 131_072, 150_000, false, -1));
        int dimension = config.node().has("head_dim") ? common.headDimension() : 64;
        Rope rope = rope(config, common, dimension);
        List<String> types = common.layerTypes(i -> i % 2 == 0 ? SLIDING : FULL, SLIDING, FULL);
        boolean bias = config.flag("attention_bias", true);
        FeedForward experts = new FeedForward.Mixture(
                Routers.softmaxOfChosen(config.size("num_local_experts", 128), config.size("num_experts_per_tok",
                        config.size("experts_per_token", 4)), true),
                config.size("intermediate_size"), new Gating.Clamped(1.702, config.positive("swiglu_limit", 7)), true,
                Optional.empty());
        return new Recognised(common.model(i -> {
            Mask mask = types.get(i).equals(SLIDING) ? common.sliding(128) : new Mask.Full();
            return new LayerSpec(new Attention.GroupedQuery(common.heads(), common.keyValueHeads(), dimension, Optional.of(rope),
                    mask, 1 / Math.sqrt(dimension), new Attention.Biases(bias, bias), QueryKeyNorm.NONE, 0, true,
                    Optional.empty()), experts);
        }), names());
    }

    /** Absent scaling keys mean the released models' YaRN; null ones mean none. */
    private static Rope rope(Config config, CommonConfig common, int dimension) {
        boolean absent = !config.node().has("rope_scaling") && !config.node().has("rope_parameters");
        Rope plain = common.ropeConfig().partial(dimension, 1);
        return !absent ? plain : new Rope(plain.dimension(), false, plain.base(),
                new RopeScaling.Yarn(32, 4096, 32, 1, RopeConfig.amplitude(32, 1), false));
    }

    private static NamePatterns names() {
        TensorSlice joined = TensorSlice.stacked(EXPERTS + "gate_up_proj").transpose().alternate();
        TensorSlice joinedBias = TensorSlice.stacked(EXPERTS + "gate_up_proj_bias").alternate();
        return new NamePatterns().inLayer(MatrixRole.ROUTER, "mlp.router")
                .expert(MatrixRole.GATE, joined.half(0)).expert(MatrixRole.UP, joined.half(1))
                .expert(MatrixRole.DOWN, TensorSlice.stacked(EXPERTS + "down_proj").transpose())
                .expertBias(MatrixRole.GATE, joinedBias.half(0)).expertBias(MatrixRole.UP, joinedBias.half(1))
                .expertBias(MatrixRole.DOWN, TensorSlice.stacked(EXPERTS + "down_proj_bias"));
    }
}
