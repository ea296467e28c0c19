package org.mojave.engine.model.gguf;

/** dots.llm1, whose released models have no sliding layers. */
final class Dots1 implements GgufFamily {
    @Override
    public String architecture() {
        return "dots1";
    }

    @Override
    public boolean interleaved() {
        return false;
    }

    @Override
    public void describe(GgufKeys keys) {
        keys.common().heads().put("model_type", "dots1").putNull("sliding_window")
                .size("feed_forward_length", "intermediate_size")
                .put("first_k_dense_replace", keys.whole("leading_dense_block_count").orElse(0))
                .size("expert_count", "n_routed_experts").size("expert_used_count", "num_experts_per_tok")
                .size("expert_feed_forward_length", "moe_intermediate_size").size("expert_shared_count", "n_shared_experts")
                .number("expert_weights_scale", "routed_scaling_factor", 1)
                .put("norm_topk_prob", keys.flag("expert_weights_norm", false));
        new SigmoidGroups(keys).describe();
        new GgufRope(keys).describe();
    }
}
