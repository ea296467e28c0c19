package org.mojave.engine.model.gguf;

import org.mojave.engine.model.VectorRole;

/** GLM-4.5: rope turns a part of each head. */
final class Glm4Moe implements GgufFamily {
    @Override
    public String architecture() {
        return "glm4moe";
    }

    @Override
    public boolean interleaved() {
        return false;
    }

    @Override
    public GgufNames names() {
        return new GgufNames().vector(VectorRole.FEED_FORWARD_NORM, "post_attention_norm.weight");
    }

    @Override
    public void describe(GgufKeys keys) {
        long dimension = keys.headDimension();
        keys.common().put("model_type", "glm4_moe").put("head_dim", dimension)
                .put("partial_rotary_factor", (double) keys.whole("rope.dimension_count").orElse(dimension) / dimension)
                .put("use_qk_norm", keys.has("blk.0.attn_q_norm.weight")).put("attention_bias", keys.has("blk.0.attn_q.bias"))
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
