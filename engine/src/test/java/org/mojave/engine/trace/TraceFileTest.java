package org.mojave.engine.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.tensor.CheckpointException;

final class TraceFileTest {
    @TempDir
    Path folder;

    /** 3 + 1 + 1 tokens; a layer with 4 experts and one with 300. */
    private static RouteTrace trace() {
        return new RouteTrace(List.of(new RouteTrace.Layer(1, 4, 2), new RouteTrace.Layer(2, 300, 1)), new int[] {3, 1, 1},
                new char[][] {{0, 1, 1, 2, 3, 0, 2, 1, 3, 2}, {299, 0, 256, 255, 17}});
    }

    @Test
    void whatIsWrittenIsRead() {
        Path file = folder.resolve("trace");
        TraceFile.write(file, trace());
        RouteTrace read = TraceFile.read(file);
        assertThat(read.layers()).isEqualTo(trace().layers());
        assertThat(read.stepTokens()).containsExactly(3, 1, 1);
        assertThat(read.choices(0)).isEqualTo(trace().choices(0));
        assertThat(read.choices(1)).isEqualTo(trace().choices(1));
        assertThat(read.chosen(0, 3)).containsExactly(2, 1);
        assertThat(file).hasSize(8 + 4 + 4 + 2 * 12 + 4 + 2 * 8 + 10 + 10 + 4);
    }

    @Test
    void demandsAreTheDistinctExpertsOfAStep() {
        StringBuilder seen = new StringBuilder();
        trace().demands((step, layer, experts) -> seen.append(step).append('/').append(layer).append(java.util.Arrays.toString(experts)));
        assertThat(seen).hasToString("0/0[0, 1, 2, 3]0/1[0, 256, 299]1/0[1, 2]1/1[255]2/0[2, 3]2/1[17]");
        assertThat(trace().touched()).containsExactly(7, 3, 3);
    }

    @Test
    void everyDamagedByteIsFound() throws IOException {
        Path file = folder.resolve("trace");
        TraceFile.write(file, trace());
        byte[] good = Files.readAllBytes(file);
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= 0x10;
            Files.write(file, bad);
            assertThatThrownBy(() -> TraceFile.read(file)).as("byte %d", i).isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith(file.toString());
        }
        for (int length = 0; length < good.length; length++) {
            Files.write(file, java.util.Arrays.copyOf(good, length));
            assertThatThrownBy(() -> TraceFile.read(file)).as("%d bytes", length).isInstanceOf(CheckpointException.class);
        }
    }

    @Test
    void otherFilesAreRefusedByName() throws IOException {
        Path file = Files.writeString(folder.resolve("text"), "this is some text and no trace");
        assertThatThrownBy(() -> TraceFile.read(file)).hasMessageContaining("is not a route trace");
        assertThatThrownBy(() -> TraceFile.read(folder.resolve("missing"))).hasMessageContaining("no such file");
        assertThatThrownBy(() -> TraceFile.read(folder)).hasMessageContaining("is not a file");
    }
}
