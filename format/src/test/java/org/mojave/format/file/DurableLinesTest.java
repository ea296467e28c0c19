package org.mojave.format.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableLinesTest {
    @TempDir
    Path folder;

    @Test
    void aTornLastLineIsDroppedAndOverwritten() throws IOException {
        Path file = folder.resolve("lines");
        try (DurableLines lines = DurableLines.open(file)) {
            lines.append("one");
            lines.append("zwölf");
        }
        Files.writeString(file, "half a li", StandardOpenOption.APPEND);
        try (DurableLines lines = DurableLines.open(file)) {
            assertThat(lines.lines()).containsExactly("one", "zwölf");
            lines.append("three");
        }
        assertThat(Files.readString(file)).isEqualTo("one\nzwölf\nthree\n");
    }

    @Test
    void onlyOneMayWrite() {
        Path file = folder.resolve("lines");
        try (DurableLines _ = DurableLines.open(file)) {
            assertThatThrownBy(() -> DurableLines.open(file)).isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining(file.toString()).hasMessageContaining("another process");
        }
        DurableLines.open(file).close();
    }
}
