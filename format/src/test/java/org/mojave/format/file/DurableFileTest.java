package org.mojave.format.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableFileTest {
    @TempDir
    private Path folder;

    @Test
    void replacesTheOldFileAndLeavesNoPartialOne() throws IOException {
        Path file = folder.resolve("config.json");
        DurableFile.write(file, new byte[] {1});
        DurableFile.write(file, new byte[] {2, 3});
        assertThat(file).hasBinaryContent(new byte[] {2, 3});
        assertThat(DurableFile.partial(file)).doesNotExist();
    }

    @Test
    void failureNamesTheFile() {
        Path file = folder.resolve("none").resolve("config.json");
        assertThatThrownBy(() -> DurableFile.write(file, new byte[1])).isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(file + ": cannot be written");
    }

    @Test
    void writesHeapAndNativeSegmentsLargerThanOnePiece() throws IOException {
        byte[] bytes = new byte[(5 << 19) + 7];
        new Random(1).nextBytes(bytes);
        Path file = folder.resolve("data");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
                Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
            DurableFile.writeAt(channel, MemorySegment.ofArray(bytes), 0);
            DurableFile.writeAt(channel, copy, bytes.length);
        }
        byte[] read = Files.readAllBytes(file);
        assertThat(Arrays.equals(read, 0, bytes.length, bytes, 0, bytes.length)).isTrue();
        assertThat(Arrays.equals(read, bytes.length, read.length, bytes, 0, bytes.length)).isTrue();
    }
}
