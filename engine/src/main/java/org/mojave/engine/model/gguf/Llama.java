package org.mojave.engine.model.gguf;

/** Llama, dense; with {@code expert_count} Mixtral, whose weights are always normalised. */
final class Llama implements GgufFamily {
    @Override
    public String architecture() {
        return "llama";
    }

    @Override
    public boolean interleaved() {
        return true;
    }

    @Override
    public void describe(GgufKeys keys) {
        keys.common().heads().size("feed_forward_length", "intermediate_size");
        new GgufRope(keys).describe();
        if (keys.real("attention.scale").isPresent()) {
            throw keys.unsupported("attention.scale", keys.real("attention.scale").getAsDouble());
        }
        boolean bias = keys.has("blk.0.attn_q.bias");
        if (keys.whole("expert_count").orElse(0) == 0) {
            keys.put("model_type", "llama").put("attention_bias", bias).put("mlp_bias", keys.has("blk.0.ffn_gate.bias"));
            return;
        }
        if (bias || keys.has("blk.0.ffn_gate_shexp.weight")) {
            throw keys.unsupported("expert_count", "a mixture with biases or a shared expert");
        }
        keys.put("model_type", "mixtral").size("expert_count", "num_local_experts")
                .size("expert_used_count", "num_experts_per_tok").putNull("sliding_window");
    }
}
