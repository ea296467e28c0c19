package org.mojave.engine.model.arch;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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
import java.util.Optional;

/** Reads the keys that families share. A config that relies on a size's default gets the family's from its file. */
record CommonConfig(Config config) {
    int hidden() {
        return config.size("hidden_size");
    }

    int layers() {
        return config.size("num_hidden_layers");
    }

    int heads() {
        return config.size("num_attention_heads");
    }

    /** Absent: as many as query heads. */
    int keyValueHeads() {
        return config.size("num_key_value_heads", heads());
    }

    /** Absent: hidden size by heads. */
    int headDimension() {
        return config.size("head_dim", Math.max(1, hidden() / heads()));
    }

    Gating gating() {
        return new Gating.Product(Activation.of(config, "hidden_act"));
    }

    Norm norm(double absent) {
        return new Norm.RootMeanSquare(config.positive("rms_norm_eps", absent));
    }

    Set<Integer> endTokens(int... absent) {
        List<Integer> ids = config.integers("eos_token_id", 0);
        return ids.isEmpty() && !config.node().has("eos_token_id") ? ints(absent) : Set.copyOf(ids);
    }

    private static Set<Integer> ints(int[] values) {
        List<Integer> all = new ArrayList<>();
        for (int value : values) {
            all.add(value);
        }
        return Set.copyOf(all);
    }

    /** Grouped-query attention with full causal mask and the usual scale. */
    Attention.GroupedQuery attention(Rope rope, Attention.Biases biases, QueryKeyNorm norm, Mask mask) {
        int dimension = headDimension();
        return new Attention.GroupedQuery(heads(), keyValueHeads(), dimension, Optional.of(rope), mask,
                1 / Math.sqrt(dimension), biases, norm, 0, false, Optional.empty());
    }

    FeedForward dense(boolean bias) {
        return new FeedForward.Dense(config.size("intermediate_size"), gating(), bias);
    }

    /** Layers from a function of the layer number. */
    List<LayerSpec> layers(IntFunction<LayerSpec> layer) {
        List<LayerSpec> all = new ArrayList<>();
        for (int i = 0; i < layers(); i++) {
            all.add(layer.apply(i));
        }
        return all;
    }

    /** A model without biased head or multipliers. */
    ModelSpec model(Norm norm, int contextAbsent, Set<Integer> endTokens, List<LayerSpec> layers) {
        return new ModelSpec(config.text("model_type", ""), hidden(), config.size("vocab_size"),
                config.size("max_position_embeddings", contextAbsent), norm, config.flag("tie_word_embeddings", false), false,
                Multipliers.NONE, layers, endTokens);
    }
}
