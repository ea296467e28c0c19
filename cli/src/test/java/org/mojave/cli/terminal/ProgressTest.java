package org.mojave.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class ProgressTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private Streams streams(int columns) {
        return new Streams(new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8), false, columns);
    }

    @Test
    void aLogGetsALineEveryFewSecondsWithTheTimeLeft() {
        AtomicLong clock = new AtomicLong();
        try (Progress progress = new LineProgress(streams(0).err(), "Writing", 1000, Progress.Unit.ITEMS, clock::get)) {
            progress.step(100);
            clock.set(6_000_000_000L);
            progress.message("layer 2");
            progress.step(150);
            clock.set(7_000_000_000L);
            progress.at(900);
        }
        assertThat(err.toString(StandardCharsets.UTF_8).lines()).containsExactly(
                "Writing: 25.0 % (250 of 1000), about 18.0 s left, layer 2",
                "Writing: 900 in 7.0 s");
        assertThat(out.size()).isZero();
    }

    @Test
    void aTerminalGetsABarThatIsRedrawnAndNeverTooWide() {
        try (Progress progress = new Console(streams(60), false, false).progress("Writing", 10, Progress.Unit.ITEMS)) {
            progress.step(10);
        }
        String text = err.toString(StandardCharsets.UTF_8);
        assertThat(text).contains("\r").contains("100%");
        assertThat(text.lines().flatMap(line -> java.util.Arrays.stream(line.split("\r")))).allMatch(line -> line.length() < 60);
        assertThat(out.size()).isZero();
    }

    @Test
    void quietShowsNothing() {
        Console console = new Console(streams(80), false, true);
        try (Progress progress = console.progress("Writing", 10, Progress.Unit.BYTES)) {
            progress.step(10);
        }
        console.note("a remark");
        assertThat(err.size()).isZero();
    }
}
