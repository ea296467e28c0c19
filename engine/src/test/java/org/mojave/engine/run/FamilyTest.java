package org.mojave.engine.run;

import org.junit.jupiter.api.Nested;

/** The contract for each golden model. */
class FamilyTest {
    @Nested
    class Llama extends ArchitectureContract {
        @Override
        String golden() {
            return "llama";
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
