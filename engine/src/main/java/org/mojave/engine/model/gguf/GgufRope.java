package org.mojave.engine.model.gguf;

import java.util.OptionalDouble;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Writes the rope keys that most families share. */
record GgufRope(GgufKeys keys) {
    private static final String FREQUENCIES = "rope_freqs.weight";

    /** Base and scaling: none, linear, YaRN, or a factor per frequency as converted from Llama 3.1's scaling. */
    void describe() {
        keys.number("rope.freq_base", "rope_theta", 10_000);
        OptionalDouble factor = keys.real("rope.scaling.factor");
        if (keys.has(FREQUENCIES)) {
            factors();
            return;
        }
        String type = keys.text("rope.scaling.type").orElse("linear");
        switch (type) {
            case "none" -> { }
            case "linear" -> {
                if (factor.orElse(1) != 1 && factor.orElse(0) != 0) {
                    keys.object("rope_scaling").put("rope_type", "linear").put("factor", factor.getAsDouble());
                }
            }
            case "yarn" -> yarn(keys.object("rope_scaling"), factor.orElse(1));
            default -> throw keys.unsupported("rope.scaling.type", type);
        }
    }

    private void yarn(ObjectNode scaling, double factor) {
        scaling.put("rope_type", "yarn").put("factor", factor);
        keys.whole("rope.scaling.original_context_length").ifPresent(v -> scaling.put("original_max_position_embeddings", v));
        keys.real("rope.scaling.yarn_attn_factor").ifPresent(v -> scaling.put("attention_factor", v));
        keys.real("rope.scaling.yarn_beta_fast").ifPresent(v -> scaling.put("beta_fast", v));
        keys.real("rope.scaling.yarn_beta_slow").ifPresent(v -> scaling.put("beta_slow", v));
    }

    /** Divisors that hold at every length: LongRoPE whose two sets are equal. */
    private void factors() {
        ObjectNode scaling = keys.object("rope_scaling").put("rope_type", "longrope").put("attention_factor", 1.0)
                .put("factor", 1.0).put("original_max_position_embeddings", keys.required("context_length"));
        ArrayNode all = scaling.putArray("short_factor");
        for (float factor : keys.numbers(FREQUENCIES)) {
            all.add(factor);
        }
        scaling.set("long_factor", all.deepCopy());
    }
}
