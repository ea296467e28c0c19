package org.mojave.engine.model.gguf;

import tools.jackson.databind.node.ObjectNode;

/**
 * DeepSeek-V2, and with sigmoid scores DeepSeek-V3 and R1. Files from before 2025 hold the up projection of keys and values
 * as one tensor and the sizes of a head as {@code key_length}, later ones as two tensors and {@code key_length_mla}.
 */
final class Deepseek2 implements GgufFamily {
    private static final long SOFTMAX = 1;
    private static final long SIGMOID = 2;

    @Override
    public String architecture() {
        return "deepseek2";
    }

    @Override
    public boolean interleaved() {
        return true;
    }

    @Override
    public void describe(GgufKeys keys) {
        long turned = keys.required("rope.dimension_count");
        keys.common().put("num_key_value_heads", keys.required("attention.head_count"))
                .put("qk_rope_head_dim", turned)
                .put("qk_nope_head_dim", size(keys, "attention.key_length") - turned)
                .put("v_head_dim", size(keys, "attention.value_length"))
                .size("attention.kv_lora_rank", "kv_lora_rank")
                .size("feed_forward_length", "intermediate_size")
                .put("first_k_dense_replace", keys.whole("leading_dense_block_count").orElse(0))
                .size("expert_count", "n_routed_experts").size("expert_used_count", "num_experts_per_tok")
                .size("expert_feed_forward_length", "moe_intermediate_size").size("expert_shared_count", "n_shared_experts")
                .number("expert_weights_scale", "routed_scaling_factor", 1)
                .put("norm_topk_prob", keys.flag("expert_weights_norm", false));
        if (keys.has("blk.0.attn_q.weight")) {
            keys.putNull("q_lora_rank");
        } else {
            keys.size("attention.q_lora_rank", "q_lora_rank");
        }
        router(keys);
        rope(keys);
    }

    private static long size(GgufKeys keys, String key) {
        return keys.whole(key + "_mla").orElseGet(() -> keys.required(key));
    }

    private static void router(GgufKeys keys) {
        long score = keys.whole("expert_gating_func").orElse(SOFTMAX);
        long groups = keys.whole("expert_group_count").orElse(1);
        keys.put("n_group", groups).put("topk_group", keys.whole("expert_group_used_count").orElse(groups));
        if (score == SIGMOID) {
            keys.put("model_type", "deepseek_v3").put("topk_method", "noaux_tc");
        } else if (score == SOFTMAX && keys.has("blk." + (keys.required("block_count") - 1) + ".exp_probs_b.bias")) {
            throw keys.unsupported("expert_gating_func", "softmax with a correction bias");
        } else if (score == SOFTMAX) {
            keys.put("model_type", "deepseek_v2").put("topk_method", groups > 1 ? "group_limited_greedy" : "greedy");
        } else {
            throw keys.unsupported("expert_gating_func", score);
        }
    }

    /** The file has one tenth of {@code mscale_all_dim}; {@code mscale} is the same in every model that has it. */
    private static void rope(GgufKeys keys) {
        new GgufRope(keys).describe();
        keys.real("rope.scaling.yarn_log_multiplier").ifPresent(tenth -> {
            if (keys.config().node().get("rope_scaling") instanceof ObjectNode scaling) {
                scaling.put("mscale", 10 * tenth).put("mscale_all_dim", 10 * tenth);
            }
        });
    }
}
