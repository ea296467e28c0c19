package org.mojave.engine.model.arch;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Rope;
import org.mojave.engine.model.RopeScaling;
import org.mojave.engine.model.Router;
import org.mojave.engine.model.TensorSlice;

/**
 * Llama 4, text part: chunked attention with rope on most layers, neither on the others; experts behind one sigmoid score that
 * multiplies their input. {@code llama4} has the text model's keys in {@code text_config}, {@code llama4_text} at the top.
 */
record Llama4(String modelType) implements Architecture {
    private static final String FEED_FORWARD = "feed_forward.";
    private static final String EXPERTS = "model.layers.{layer}.feed_forward.experts.";
    private static final String CHUNKED = "chunked_attention";
    private static final String FULL = "full_attention";

    @Override
    public Recognised read(Config whole) {
        boolean text = modelType.equals("llama4_text");
        Config config = text ? whole : whole.object("text_config")
                .orElseThrow(() -> whole.unsupported("text_config", "absent", "a llama4 model needs it"));
        CommonConfig common = new CommonConfig(config, new CommonConfig.Defaults(8, 1e-5, 131_072, 500_000, false, 2));
        List<Integer> ropeLayers = ropeLayers(config, common.layerCount());
        List<String> types = common.layerTypes(i -> ropeLayers.get(i) != 0 ? CHUNKED : FULL, CHUNKED, FULL);
        List<Integer> sparse = config.integers("moe_layers", 0);
        int step = config.size("interleave_moe_layer_step", 1);
        FeedForward experts = experts(config, common);
        FeedForward dense = new FeedForward.Dense(config.size("intermediate_size_mlp", 16_384), common.gating(), false);
        return new Recognised(common.model(i -> {
            boolean mixture = config.has("moe_layers") ? sparse.contains(i) : (i + 1) % step == 0;
            Mask mask = types.get(i).equals(CHUNKED) ? chunked(config) : new Mask.Full();
            return new LayerSpec(attention(config, common, ropeLayers.get(i) != 0, mask), mixture ? experts : dense);
        }), names().prefix(text ? "" : "language_model."));
    }

    private static Mask chunked(Config config) {
        return new Mask.Chunked(config.node().has("attention_chunk_size") ? config.size("attention_chunk_size") : 8192);
    }

    /** {@code no_rope_layers}: 0 for a layer without rope. */
    private static List<Integer> ropeLayers(Config config, int layers) {
        List<Integer> given = config.integers("no_rope_layers", 0);
        if (given.isEmpty()) {
            int interval = config.size("no_rope_layer_interval", 4);
            return IntStream.range(0, layers).mapToObj(i -> (i + 1) % interval != 0 ? 1 : 0).toList();
        }
        if (given.size() < layers) {
            throw new IllegalArgumentException("no_rope_layers holds " + given.size() + " entries for " + layers + " layers");
        }
        return given;
    }

    private static Attention attention(Config config, CommonConfig common, boolean turns, Mask mask) {
        int dimension = config.node().has("head_dim") ? common.headDimension() : 128;
        Optional<Rope> rope = turns ? Optional.of(rope(common, dimension)) : Optional.empty();
        Optional<Attention.Temperature> temperature = !turns && config.flag("attn_temperature_tuning", true)
                ? Optional.of(new Attention.Temperature(config.number("attn_scale", 0.1), config.positive("floor_scale", 8192)))
                : Optional.empty();
        QueryKeyNorm norm = turns && config.flag("use_qk_norm", true) ? QueryKeyNorm.UNWEIGHTED_AFTER_ROPE : QueryKeyNorm.NONE;
        return new Attention.GroupedQuery(common.heads(), common.keyValueHeads(), dimension, rope, mask,
                1 / Math.sqrt(dimension), new Attention.Biases(false, false), norm, 0, false, temperature);
    }

    private static Rope rope(CommonConfig common, int dimension) {
        Rope rope = common.ropeConfig().rope(dimension, true);
        switch (rope.scaling()) {
            case RopeScaling.None _, RopeScaling.Llama3 _ -> { }
            case RopeScaling.Linear _, RopeScaling.Dynamic _, RopeScaling.Yarn _, RopeScaling.LongRope _ ->
                throw common.config().unsupported("rope_scaling", "another type", "supported for llama4: llama3");
        }
        return rope;
    }

    private static FeedForward experts(Config config, CommonConfig common) {
        int intermediate = config.size("intermediate_size");
        Router router = new Router(config.size("num_local_experts", 16), config.size("num_experts_per_tok", 1),
                new Router.Score.Sigmoid(), new Router.Grouping.None(), false, false, new Router.Normalisation.None(), 1,
                Router.Target.EXPERT_INPUT);
        return new FeedForward.Mixture(router, intermediate, common.gating(), false, common.shared(1, intermediate, false));
    }

    private static NamePatterns names() {
        TensorSlice joined = TensorSlice.stacked(EXPERTS + "gate_up_proj").transpose();
        return new NamePatterns().inLayer(MatrixRole.ROUTER, FEED_FORWARD + "router")
                .inLayer(MatrixRole.GATE, FEED_FORWARD + "gate_proj").inLayer(MatrixRole.UP, FEED_FORWARD + "up_proj")
                .inLayer(MatrixRole.DOWN, FEED_FORWARD + "down_proj").shared(FEED_FORWARD + "shared_expert.")
                .expert(MatrixRole.GATE, joined.half(0)).expert(MatrixRole.UP, joined.half(1))
                .expert(MatrixRole.DOWN, TensorSlice.stacked(EXPERTS + "down_proj").transpose());
    }
}
