package org.mojave.engine.model.gguf;

/** DeepSeekMoE (version 1); weights are never normalised. */
final class Deepseek implements GgufFamily {
    @Override
    public String architecture() {
        return "deepseek";
    }

    @Override
    public boolean interleaved() {
        return true;
    }

    @Override
    public void describe(GgufKeys keys) {
        keys.common().heads().put("model_type", "deepseek").put("norm_topk_prob", false)
                .size("feed_forward_length", "intermediate_size").size("leading_dense_block_count", "first_k_dense_replace")
                .size("expert_count", "n_routed_experts").size("expert_used_count", "num_experts_per_tok")
                .size("expert_feed_forward_length", "moe_intermediate_size").size("expert_shared_count", "n_shared_experts");
        if (keys.real("expert_weights_scale").orElse(1) != 1) {
            throw keys.unsupported("expert_weights_scale", keys.real("expert_weights_scale").getAsDouble());
        }
        new GgufRope(keys).describe();
    }
}
