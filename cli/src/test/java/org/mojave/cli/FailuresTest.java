package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.mojave.compress.plan.ResourceException;
import org.mojave.format.tensor.CheckpointException;

final class FailuresTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void eachKindHasItsCodeAndItsLine() {
        assertThat(Failures.report(new CheckpointException("a.safetensors", "is short"), err, false)).isEqualTo(4);
        assertThat(Failures.report(new UsageException("--out is missing"), err, false)).isEqualTo(2);
        assertThat(Failures.report(new ResourceException("needs 5 GB"), err, false)).isEqualTo(5);
        assertThat(Failures.report(new NoSuchFileException("gone"), err, false)).isEqualTo(4);
        assertThat(Failures.report(new UncheckedIOException(new IOException("No space left on device")), err, false)).isEqualTo(5);
        assertThat(Failures.report(new OutOfMemoryError("Java heap space"), err, false)).isEqualTo(5);
        assertThat(text().lines()).hasSize(6).allMatch(line -> line.startsWith("mojave: "));
        assertThat(text()).contains("a.safetensors: is short").contains("gone: no such file or folder").contains("MOJAVE_JAVA_OPTIONS");
    }

    @Test
    void aMistakeOfOursNamesALogWithTheTrace() throws IOException {
        assertThat(Failures.report(new IllegalStateException("seven"), err, false)).isEqualTo(1);
        assertThat(text().lines()).singleElement().asString().contains("seven").doesNotContain("\tat ");
        Path log = Path.of(text().strip().replaceAll(".* with ", ""));
        assertThat(log).content().contains("IllegalStateException: seven").contains("\tat ");
        Files.delete(log);
    }

    @Test
    void debugShowsTheTrace() {
        Failures.report(new UsageException("wrong"), err, true);
        assertThat(text()).contains("UsageException").contains("\tat ").endsWith("mojave: wrong\n");
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
