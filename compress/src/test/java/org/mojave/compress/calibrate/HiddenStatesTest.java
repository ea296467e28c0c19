package org.mojave.compress.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.ResourceException;

class HiddenStatesTest {
    private static final int TOKENS = 37;
    private static final int WIDTH = 24;

    @TempDir
    Path folder;

    @Test
    void memoryAndFileHoldTheSameBits() {
        MemoryBudget budget = new MemoryBudget(1 << 20);
        try (HiddenStates memory = HiddenStates.inMemory(TOKENS, WIDTH, budget);
                HiddenStates file = HiddenStates.inFile(TOKENS, WIDTH, folder)) {
            Random random = new Random(3);
            float[] values = new float[TOKENS * WIDTH];
            for (int i = 0; i < values.length; i++) {
                values[i] = Float.intBitsToFloat(random.nextInt());
            }
            for (HiddenStates states : new HiddenStates[] {memory, file}) {
                states.write(0, TOKENS, values);
                float[] part = new float[5 * WIDTH];
                states.read(11, 5, part);
                for (int i = 0; i < part.length; i++) {
                    assertThat(Float.floatToRawIntBits(part[i])).isEqualTo(Float.floatToRawIntBits(values[11 * WIDTH + i]));
                }
            }
        }
        assertThat(budget.free()).isEqualTo(1 << 20);
        assertThat(budget.peak()).isEqualTo(HiddenStates.bytes(TOKENS, WIDTH));
    }

    @Test
    void theFileVanishes() throws IOException {
        HiddenStates.inFile(TOKENS, WIDTH, folder).close();
        try (var files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void memoryIsTakenFromTheBudget() {
        assertThatThrownBy(() -> HiddenStates.inMemory(TOKENS, WIDTH, new MemoryBudget(1000)))
                .isInstanceOf(ResourceException.class).hasMessageContaining("hidden states");
    }
}
