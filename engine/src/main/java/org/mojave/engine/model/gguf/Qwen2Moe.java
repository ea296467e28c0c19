package org.mojave.engine.model.gguf;

/** Qwen2-MoE; weights are never normalised. */
final class Qwen2Moe implements GgufFamily {
    @Override
    public String architecture() {
        return "qwen2moe";
    }

    @Override
    public boolean interleaved() {
        return false;
    }

    @Override
    public void describe(GgufKeys keys) {
        keys.common().heads().put("model_type", "qwen2_moe").put("norm_topk_prob", false)
                .put("qkv_bias", keys.has("blk.0.attn_q.bias"))
                .size("expert_count", "num_experts").size("expert_used_count", "num_experts_per_tok")
                .size("expert_feed_forward_length", "moe_intermediate_size")
                .size("expert_shared_feed_forward_length", "shared_expert_intermediate_size");
        new GgufRope(keys).describe();
    }
}
