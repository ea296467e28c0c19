package org.mojave.engine.model.gguf;

/** ERNIE 4.5; weights are always normalised. */
final class Ernie45Moe implements GgufFamily {
    @Override
    public String architecture() {
        return "ernie4_5-moe";
    }

    @Override
    public boolean interleaved() {
        return true;
    }

    @Override
    public void describe(GgufKeys keys) {
        keys.common().heads().put("model_type", "ernie4_5_moe").put("use_bias", keys.has("blk.0.attn_q.bias"))
                .size("feed_forward_length", "intermediate_size")
                .size("leading_dense_block_count", "moe_layer_start_index").size("interleave_moe_layer_step", "moe_layer_interval")
                .size("expert_count", "moe_num_experts").size("expert_used_count", "moe_k")
                .size("expert_feed_forward_length", "moe_intermediate_size")
                .put("moe_num_shared_experts", keys.whole("expert_shared_count").orElse(0));
        new GgufRope(keys).describe();
    }
}
