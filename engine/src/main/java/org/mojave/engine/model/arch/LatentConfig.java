package org.mojave.engine.model.arch;

import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.Rope;

/** Reads the keys of multi-head latent attention (DeepSeek-V2, DeepSeek-V3). */
record LatentConfig(CommonConfig common) {
    /** Latent attention whose rope pairs are {@code interleaved}. An absent {@code q_lora_rank} is 1536, null means none. */
    Attention.Latent attention(boolean interleaved) {
        Config config = common.config();
        int plain = config.size("qk_nope_head_dim", 128);
        int turned = config.size("qk_rope_head_dim", 64);
        int queryRank = config.node().has("q_lora_rank") ? config.size("q_lora_rank", 0) : 1536;
        Rope rope = common.ropeConfig().rope(turned, interleaved);
        return new Attention.Latent(common.heads(), queryRank, config.size("kv_lora_rank", 512), plain, turned,
                config.size("v_head_dim", 128), rope, new Mask.Full(), scale(plain + turned), common.biases());
    }

    /** YaRN multiplies the scale by its amplitude squared where {@code mscale_all_dim} is set (DeepSeek remote code). */
    private double scale(int keyDimension) {
        double amplitude = common.ropeConfig().scalingKeys()
                .filter(keys -> keys.number("mscale_all_dim", 0) != 0)
                .map(keys -> RopeConfig.amplitude(keys.number("factor"), keys.number("mscale_all_dim")))
                .orElse(1.0);
        return amplitude * amplitude / Math.sqrt(keyDimension);
    }
}
