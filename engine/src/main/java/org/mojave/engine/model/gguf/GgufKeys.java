package org.mojave.engine.model.gguf;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeSet;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.format.gguf.GgufShards;
import org.mojave.format.gguf.GgufTensor;
import org.mojave.format.gguf.GgufValue;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Reads a GGUF file's metadata and writes the config.json that means the same. */
final class GgufKeys {
    /** Keys that would change the arithmetic and that no supported family has. */
    private static final List<String> FOREIGN = List.of("attn_logit_softcapping", "final_logit_softcapping",
            "router_logit_softcapping", "attention.max_alibi_bias", "attention.temperature_scale", "swiglu_clamp_exp",
            "swiglu_clamp_shexp", "rope.scaling.alpha", "rope.dimension_sections");
    private static final List<String> ENDS = List.of("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
            "tokenizer.ggml.eom_token_id");

    private final GgufShards shards;
    private final String architecture;
    private final ObjectNode config = JsonNodeFactory.instance.objectNode();

    GgufKeys(GgufShards shards, String architecture) {
        this.shards = shards;
        this.architecture = architecture;
        for (String key : FOREIGN) {
            if (shards.metadata().metadata().containsKey(architecture + "." + key)) {
                throw unsupported(key, "present");
            }
        }
    }

    /** What every family has: sizes, context, epsilon, head, ends of text. Layers that predict further tokens are left out. */
    GgufKeys common() {
        long layers = required("block_count") - whole("nextn_predict_layers").orElse(0);
        put("num_hidden_layers", layers);
        size("embedding_length", "hidden_size");
        size("context_length", "max_position_embeddings");
        size("attention.head_count", "num_attention_heads");
        put("num_key_value_heads", whole("attention.head_count_kv").orElse(required("attention.head_count")));
        put("rms_norm_eps", real("attention.layer_norm_rms_epsilon").orElseThrow(() -> missing("attention.layer_norm_rms_epsilon")));
        put("vocab_size", vocabulary());
        config.put("tie_word_embeddings", !has("output.weight"));
        TreeSet<Long> ends = new TreeSet<>();
        for (String key : ENDS) {
            shards.metadata().whole(key).ifPresent(ends::add);
        }
        ArrayNode ids = config.putArray("eos_token_id");
        ends.forEach(ids::add);
        return this;
    }

    private long vocabulary() {
        long rows = shards.tensor("token_embd.weight").shape().getFirst();
        long said = whole("vocab_size").orElse(rows);
        if (said != rows) {
            throw new CheckpointException(place("vocab_size"), said + " tokens, but tensor token_embd.weight has rows for " + rows);
        }
        return rows;
    }

    /** Heads of one size, rotated whole. */
    GgufKeys heads() {
        long dimension = headDimension();
        put("head_dim", dimension);
        if (whole("attention.value_length").orElse(dimension) != dimension) {
            throw unsupported("attention.value_length", whole("attention.value_length").getAsLong());
        }
        if (whole("rope.dimension_count").orElse(dimension) != dimension) {
            throw unsupported("rope.dimension_count", whole("rope.dimension_count").getAsLong() + " of " + dimension + " components");
        }
        return this;
    }

    /** Components of a head. */
    long headDimension() {
        long heads = required("attention.head_count");
        if (heads < 1) {
            throw new CheckpointException(place("attention.head_count"), "must be at least 1, not " + heads);
        }
        return whole("attention.key_length").orElseGet(() -> required("embedding_length") / heads);
    }

    /** A required whole number. */
    GgufKeys size(String key, String configKey) {
        return put(configKey, required(key));
    }

    /** A whole number that may be absent. */
    GgufKeys sizeIfGiven(String key, String configKey) {
        whole(key).ifPresent(value -> put(configKey, value));
        return this;
    }

    /** A number with a default. */
    GgufKeys number(String key, String configKey, double absent) {
        return put(configKey, real(key).orElse(absent));
    }

    GgufKeys put(String configKey, long value) {
        config.put(configKey, value);
        return this;
    }

    GgufKeys put(String configKey, double value) {
        config.put(configKey, value);
        return this;
    }

    GgufKeys put(String configKey, boolean value) {
        config.put(configKey, value);
        return this;
    }

    GgufKeys put(String configKey, String value) {
        config.put(configKey, value);
        return this;
    }

    /** Present and null, which is not the same as absent to some families. */
    GgufKeys putNull(String configKey) {
        config.putNull(configKey);
        return this;
    }

    /** An object within the config. */
    ObjectNode object(String configKey) {
        return config.putObject(configKey);
    }

    /** A required whole number. */
    long required(String key) {
        return whole(key).orElseThrow(() -> missing(key));
    }

    /** A whole number; an array of equal ones, one per layer, counts as one. */
    OptionalLong whole(String key) {
        GgufValue value = value(key);
        if (value instanceof GgufValue.Sequence sequence) {
            long[] each = Arrays.stream(sequence.wholes()).distinct().toArray();
            if (each.length != 1) {
                throw unsupported(key, "one value per layer");
            }
            return OptionalLong.of(each[0]);
        }
        return shards.metadata().whole(architecture + "." + key).map(OptionalLong::of).orElse(OptionalLong.empty());
    }

    /** A number. */
    OptionalDouble real(String key) {
        return shards.metadata().real(architecture + "." + key).map(OptionalDouble::of).orElse(OptionalDouble.empty());
    }

    /** A text. */
    Optional<String> text(String key) {
        return shards.metadata().text(architecture + "." + key);
    }

    /** A truth value. */
    boolean flag(String key, boolean absent) {
        return switch (value(key)) {
            case null -> absent;
            case GgufValue.Truth(boolean truth) -> truth;
            case GgufValue.Whole _, GgufValue.Real _, GgufValue.Text _, GgufValue.Sequence _ ->
                throw new CheckpointException(place(key), "is no truth value");
        };
    }

    /** Whether the model has that tensor. */
    boolean has(String tensor) {
        return shards.has(tensor);
    }

    /** A small tensor of numbers. */
    float[] numbers(String tensor) {
        GgufTensor found = shards.tensor(tensor);
        if (found.elements() > Config.LARGEST_SIZE) {
            throw new CheckpointException(shards.metadata().path() + ", tensor " + tensor, "has shape " + found.shape()
                    + ", far more than expected");
        }
        return found.toFloats();
    }

    /** The exception for a value that is not implemented. */
    UnsupportedModelException unsupported(String key, Object value) {
        return new UnsupportedModelException(place(key) + ": " + value + " is not supported for " + architecture
                + "; use the model's original folder if that is supported");
    }

    /** The config as written so far. */
    Config config() {
        return new Config(shards.metadata().path().toString(), config);
    }

    private GgufValue value(String key) {
        return shards.metadata().metadata().get(architecture + "." + key);
    }

    private CheckpointException missing(String key) {
        return new CheckpointException(place(key), "is missing; the file is no complete model");
    }

    private String place(String key) {
        return shards.metadata().path() + ", key " + architecture + "." + key;
    }
}
