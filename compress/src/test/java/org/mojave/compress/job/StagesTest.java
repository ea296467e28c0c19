package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mojave.compress.report.Report;

class StagesTest {
    private static final long LARGE = 256L << 20;

    private static void touch(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            arena.allocate(bytes).fill((byte) 1);
        }
    }

    @Test
    void everyStageHasItsOwnPeak() {
        assumeThat(Files.isWritable(Path.of("/proc/self/clear_refs"))).isTrue();
        Stages stages = new Stages();
        stages.time("before", () -> touch(1 << 20));
        stages.time("outer", () -> stages.time("inner", () -> touch(LARGE)));
        stages.time("after", () -> touch(1 << 20));
        Report.Stage inner = stages.spent().get("inner");
        assertThat(inner.residentPeak()).isGreaterThan(stages.spent().get("before").residentPeak() + LARGE / 2)
                .isGreaterThan(stages.spent().get("after").residentPeak() + LARGE / 2);
        assertThat(stages.spent().get("outer").residentPeak()).as("what a piece holds, it holds").isGreaterThanOrEqualTo(inner.residentPeak());
        assertThat(stages.residentPeak()).isGreaterThanOrEqualTo(inner.residentPeak());
    }

    @Test
    void piecesAddUpAndAreSavedOnce() {
        Stages stages = new Stages();
        stages.add("quantize", new Report.Stage(2, 1L << 40));
        stages.time("quantize", () -> { });
        assertThat(stages.unsaved()).singleElement().isInstanceOfSatisfying(JournalEntry.Spent.class,
                spent -> assertThat(spent.spent().seconds()).isLessThan(2));
        assertThat(stages.unsaved()).isEmpty();
        assertThat(stages.spent()).containsOnlyKeys("quantize");
        assertThat(stages.spent().get("quantize").seconds()).isGreaterThan(2);
        assertThat(stages.residentPeak()).isEqualTo(1L << 40);
        assertThat(List.of(stages.time("weigh", () -> 3))).containsExactly(3);
    }
}
