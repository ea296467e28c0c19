package org.mojave.engine.run;

import java.util.List;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The contract for goldens whose configs set the flags that the hub's checkpoints leave alone: windows, groups, biases,
 * absent parts, rope variants. Their answers were computed by transformers 4.57.6.
 */
@ParameterizedClass
@MethodSource("goldens")
class FlagsTest extends ArchitectureContract {
    @Parameter
    private String golden;

    static List<String> goldens() {
        return List.of("deepseek_v2_groups", "deepseek_v3_plain", "dots1_window", "ernie4_5_moe_flags", "glm4_moe_norm",
                "gpt_oss_flags", "llama4_text", "llama_dynamic", "llama_llama3", "mixtral_window", "olmoe_clip",
                "phimoe_crossing", "qwen2_moe_step", "qwen3_moe_mixed");
    }

    @Override
    String golden() {
        return golden;
    }
}
