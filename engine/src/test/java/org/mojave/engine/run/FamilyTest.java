package org.mojave.engine.run;

import org.junit.jupiter.api.Nested;

/** The contract for each golden model. */
class FamilyTest {
    @Nested
    class DeepseekMoe extends ArchitectureContract {
        @Override
        String golden() {
            return "deepseek_moe";
        }
    }

    @Nested
    class DeepseekV2 extends ArchitectureContract {
        @Override
        String golden() {
            return "deepseek_v2";
        }
    }

    @Nested
    class DeepseekV3 extends ArchitectureContract {
        @Override
        String golden() {
            return "deepseek_v3";
        }
    }

    @Nested
    class DeepseekV3Fp8 extends ArchitectureContract {
        @Override
        String golden() {
            return "deepseek_v3_fp8";
        }
    }

    @Nested
    class Dots1 extends ArchitectureContract {
        @Override
        String golden() {
            return "dots1";
        }
    }

    @Nested
    class Ernie45Moe extends ArchitectureContract {
        @Override
        String golden() {
            return "ernie4_5_moe";
        }
    }

    @Nested
    class Glm4Moe extends ArchitectureContract {
        @Override
        String golden() {
            return "glm4_moe";
        }
    }

    @Nested
    class GptOss extends ArchitectureContract {
        @Override
        String golden() {
            return "gpt_oss";
        }
    }

    @Nested
    class GptOssMxfp4 extends ArchitectureContract {
        @Override
        String golden() {
            return "gpt_oss_mxfp4";
        }
    }

    @Nested
    class Granitemoe extends ArchitectureContract {
        @Override
        String golden() {
            return "granitemoe";
        }
    }

    @Nested
    class Granitemoeshared extends ArchitectureContract {
        @Override
        String golden() {
            return "granitemoeshared";
        }
    }

    @Nested
    class Llama extends ArchitectureContract {
        @Override
        String golden() {
            return "llama";
        }
    }

    @Nested
    class Llama4 extends ArchitectureContract {
        @Override
        String golden() {
            return "llama4";
        }
    }

    @Nested
    class Mixtral extends ArchitectureContract {
        @Override
        String golden() {
            return "mixtral";
        }
    }

    @Nested
    class MixtralBf16Sharded extends ArchitectureContract {
        @Override
        String golden() {
            return "mixtral_bf16_sharded";
        }
    }

    @Nested
    class Olmoe extends ArchitectureContract {
        @Override
        String golden() {
            return "olmoe";
        }
    }

    @Nested
    class Phimoe extends ArchitectureContract {
        @Override
        String golden() {
            return "phimoe";
        }
    }

    @Nested
    class Qwen2Moe extends ArchitectureContract {
        @Override
        String golden() {
            return "qwen2_moe";
        }
    }

    @Nested
    class Qwen3Moe extends ArchitectureContract {
        @Override
        String golden() {
            return "qwen3_moe";
        }
    }
}
