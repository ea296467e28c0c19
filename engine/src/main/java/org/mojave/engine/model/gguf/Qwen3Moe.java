package org.mojave.engine.model.gguf;

/** Qwen3-MoE; weights are always normalised. */
final class Qwen3Moe implements GgufFamily {
    @Override
    public String architecture() {
        return "qwen3moe";
    }

    @Override
    public boolean interleaved() {
        return false;
    }

    @Override
    public void describe(GgufKeys keys) {
        keys.common().heads().put("model_type", "qwen3_moe").put("norm_topk_prob", true)
                .size("expert_count", "num_experts").size("expert_used_count", "num_experts_per_tok")
                .size("expert_feed_forward_length", "moe_intermediate_size");
        new GgufRope(keys).describe();
    }
}
