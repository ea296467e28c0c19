package org.mojave.engine.model.gguf;

/** Sigmoid scores, and groups of experts where the file names them. */
record SigmoidGroups(GgufKeys keys) {
    private static final long SIGMOID = 2;

    void describe() {
        long score = keys.whole("expert_gating_func").orElse(SIGMOID);
        if (score != SIGMOID) {
            throw keys.unsupported("expert_gating_func", score);
        }
        long groups = keys.whole("expert_group_count").orElse(1);
        keys.put("n_group", groups).put("topk_group", keys.whole("expert_group_used_count").orElse(groups));
    }
}
