package org.mojave.engine.model.arch;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;
import org.mojave.engine.model.Activation;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.Gating;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.Multipliers;
import org.mojave.engine.model.Norm;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Rope;
import org.mojave.format.tensor.CheckpointException;

/** Reads the keys that families share; {@code defaults} are those of the family's official config class. */
record CommonConfig(Config config, Defaults defaults) {
    /** More layers than this are taken for damage. */
    private static final int MOST_LAYERS = 4096;

    /**
     * Values of absent keys.
     *
     * @param keyValueHeads 0 for as many as query heads
     * @param epsilon {@code rms_norm_eps}
     * @param context {@code max_position_embeddings}
     * @param ropeBase {@code rope_theta}
     * @param tied {@code tie_word_embeddings}
     * @param endToken {@code eos_token_id}, or −1 for none
     */
    record Defaults(int keyValueHeads, double epsilon, int context, double ropeBase, boolean tied, int endToken) {}

    int hidden() {
        return config.size("hidden_size");
    }

    int layerCount() {
        int count = config.size("num_hidden_layers");
        if (count > MOST_LAYERS) {
            throw new CheckpointException(config.place(), "num_hidden_layers = " + count + " is more than " + MOST_LAYERS);
        }
        return count;
    }

    int heads() {
        return config.size("num_attention_heads");
    }

    /** A null means as many as query heads, whatever the default of an absent key. */
    int keyValueHeads() {
        boolean asQueries = config.node().has("num_key_value_heads") || defaults.keyValueHeads() == 0;
        return config.size("num_key_value_heads", asQueries ? heads() : defaults.keyValueHeads());
    }

    /** Absent: hidden size by heads. */
    int headDimension() {
        return config.size("head_dim", Math.max(1, hidden() / heads()));
    }

    int context() {
        return config.size("max_position_embeddings", defaults.context());
    }

    Gating gating() {
        return new Gating.Product(Activation.of(config, "hidden_act"));
    }

    Norm norm() {
        return new Norm.RootMeanSquare(config.positive("rms_norm_eps", defaults.epsilon()));
    }

    Set<Integer> endTokens() {
        Set<Integer> ids = new TreeSet<>(config.integers("eos_token_id", 0));
        if (!config.node().has("eos_token_id") && defaults.endToken() >= 0) {
            ids.add(defaults.endToken());
        }
        return ids;
    }

    RopeConfig ropeConfig() {
        return new RopeConfig(config, defaults.ropeBase(), defaults.context());
    }

    /** Rope over the whole head, or the part that {@code partial_rotary_factor} names. */
    Rope rope() {
        return ropeConfig().partial(headDimension(), 1);
    }

    /** Query, key, value and output biases after {@code attention_bias}. */
    Attention.Biases biases() {
        boolean bias = config.flag("attention_bias", false);
        return new Attention.Biases(bias, bias);
    }

    /** Grouped-query attention with the usual scale. */
    Attention.GroupedQuery attention(Rope rope, Attention.Biases biases, QueryKeyNorm norm, Mask mask) {
        int dimension = headDimension();
        return new Attention.GroupedQuery(heads(), keyValueHeads(), dimension, Optional.of(rope), mask,
                1 / Math.sqrt(dimension), biases, norm, 0, false, Optional.empty());
    }

    /** Whether there is a window: its key is absent (then the default holds) or has a value; null means none. */
    boolean windowed() {
        return config.has("sliding_window") || !config.node().has("sliding_window");
    }

    /** {@code sliding_window} for all layers, or everything where it is absent or null. */
    Mask slidingOrFull() {
        return config.has("sliding_window") ? sliding(0) : new Mask.Full();
    }

    /** {@code sliding_window}, required where {@code absent} is 0. */
    Mask sliding(int absent) {
        return new Mask.Sliding(absent == 0 ? config.size("sliding_window") : config.size("sliding_window", absent));
    }

    /** {@code layer_types}, one per layer; absent: from the function. */
    List<String> layerTypes(IntFunction<String> absent, String... supported) {
        List<String> types = new ArrayList<>(config.texts("layer_types"));
        if (!config.has("layer_types")) {
            for (int i = 0; i < layerCount(); i++) {
                types.add(absent.apply(i));
            }
        }
        if (types.size() < layerCount()) {
            throw new CheckpointException(config.place(), "layer_types holds " + types.size() + " entries for "
                    + layerCount() + " layers");
        }
        for (String type : types) {
            if (!List.of(supported).contains(type)) {
                throw config.unsupported("layer_types", type, "supported: " + String.join(", ", supported));
            }
        }
        return types;
    }

    FeedForward dense(boolean bias) {
        return new FeedForward.Dense(config.size("intermediate_size"), gating(), bias);
    }

    /** Several shared experts of {@code intermediate} each are one network; empty for none. */
    Optional<FeedForward.Shared> shared(int count, int intermediate, boolean bias) {
        return count == 0 ? Optional.empty()
                : Optional.of(new FeedForward.Shared(Math.multiplyExact(count, intermediate), gating(), false, bias));
    }

    /** A model whose layers are a function of their number. */
    ModelSpec model(IntFunction<LayerSpec> layer) {
        return model(norm(), false, Multipliers.NONE, layer);
    }

    /** As {@link #model(IntFunction)} with its own norm, head bias and multipliers. */
    ModelSpec model(Norm norm, boolean headBias, Multipliers multipliers, IntFunction<LayerSpec> layer) {
        List<LayerSpec> layers = new ArrayList<>();
        for (int i = 0; i < layerCount(); i++) {
            layers.add(layer.apply(i));
        }
        return new ModelSpec(config.text("model_type", ""), hidden(), config.size("vocab_size"), context(), norm,
                config.flag("tie_word_embeddings", defaults.tied()), headBias, multipliers, layers, endTokens());
    }
}
