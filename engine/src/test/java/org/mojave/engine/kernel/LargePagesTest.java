package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

final class LargePagesTest {
    @Test
    void memoryIsAlignedZeroWritableAndFreed() {
        MemorySegment kept;
        try (Arena arena = Arena.ofShared()) {
            for (long bytes : new long[] {1, 4096, (2L << 20) + 1, 9_000_000}) {
                MemorySegment memory = LargePages.allocate(arena, bytes);
                assertThat(memory.byteSize()).isEqualTo(bytes);
                assertThat(memory.address() % 4096).isZero();
                assertThat(memory.get(ValueLayout.JAVA_BYTE, bytes - 1)).isZero();
                memory.fill((byte) 7);
                assertThat(memory.get(ValueLayout.JAVA_BYTE, bytes - 1)).isEqualTo((byte) 7);
            }
            kept = LargePages.allocate(arena, 100);
        }
        assertThatThrownBy(() -> kept.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }
}
