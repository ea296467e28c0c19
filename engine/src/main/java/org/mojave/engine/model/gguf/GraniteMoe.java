package org.mojave.engine.model.gguf;

/** Granite-MoE, with or without a shared expert. */
final class GraniteMoe implements GgufFamily {
    @Override
    public String architecture() {
        return "granitemoe";
    }

    @Override
    public boolean interleaved() {
        return true;
    }

    @Override
    public void describe(GgufKeys keys) {
        keys.common().heads().put("attention_bias", keys.has("blk.0.attn_q.bias"))
                .size("feed_forward_length", "intermediate_size")
                .size("expert_count", "num_local_experts").size("expert_used_count", "num_experts_per_tok")
                .number("attention.scale", "attention_multiplier", 1 / Math.sqrt((double) keys.headDimension()))
                .number("embedding_scale", "embedding_multiplier", 1).number("residual_scale", "residual_multiplier", 1)
                .number("logit_scale", "logits_scaling", 1);
        long shared = keys.whole("expert_shared_feed_forward_length").orElse(0);
        keys.put("model_type", shared == 0 ? "granitemoe" : "granitemoeshared").put("shared_intermediate_size", shared);
        new GgufRope(keys).describe();
    }
}
