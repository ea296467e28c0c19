package org.mojave.engine.model.gguf;

import org.mojave.engine.model.VectorRole;
import tools.jackson.databind.node.ObjectNode;

/** gpt-oss: sliding and full layers in turn; the correction range of YaRN is not rounded. */
final class GptOss implements GgufFamily {
    @Override
    public String architecture() {
        return "gpt-oss";
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
        keys.common().heads().put("model_type", "gpt_oss").put("attention_bias", true)
                .size("attention.sliding_window", "sliding_window")
                .size("expert_count", "num_local_experts").size("expert_used_count", "num_experts_per_tok")
                .size("expert_feed_forward_length", "intermediate_size");
        new GgufRope(keys).describe();
        if (keys.config().node().get("rope_scaling") instanceof ObjectNode scaling) {
            scaling.put("truncate", false);
        } else {
            keys.putNull("rope_scaling");
        }
    }
}
