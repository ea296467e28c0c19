package org.mojave.engine.model.gguf;

/** OLMoE; weights are never normalised. */
final class Olmoe implements GgufFamily {
    @Override
    public String architecture() {
        return "olmoe";
    }

    @Override
    public boolean interleaved() {
        return false;
    }

    @Override
    public void describe(GgufKeys keys) {
        keys.common().heads().put("model_type", "olmoe").put("norm_topk_prob", false)
                .size("expert_count", "num_experts").size("expert_used_count", "num_experts_per_tok")
                .size("feed_forward_length", "intermediate_size");
        keys.real("attention.clamp_kqv").ifPresent(clip -> keys.put("clip_qkv", clip));
        new GgufRope(keys).describe();
    }
}
