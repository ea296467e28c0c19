package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.report.Report;
import org.mojave.compress.report.RouterResult;
import tools.jackson.databind.json.JsonMapper;

class JournalTest {
    @TempDir
    Path folder;

    private static List<JournalEntry> everyKind() {
        List<JobEvent> events = List.of(new JobEvent.NoTokens("m"), new JobEvent.InputsBorrowed("m"), new JobEvent.Rounded("m", "why"),
                new JobEvent.DampingRaised("m", 0.1));
        JsonMapper json = JsonMapper.shared();
        return List.of(new JournalEntry.Begun(json.createObjectNode().put("a", 1), json.createObjectNode().put("b", "x")),
                new JournalEntry.Written(Map.of("layers.0.query", 4_000_000_000L),
                        List.of(new MatrixResult("layers.0.query", 8, 16, "gptq", "4g32a", 640, 77, new MatrixResult.Evidence(40.5, 22.25, 0.5), 0.125, events))),
                new JournalEntry.RouterWritten("model.layers.0.mlp.gate.weight", 3_000_000_001L, new RouterResult("layers.0.router", 768, true,
                        new RouterResult.Agreement(0.75, 0.125), new RouterResult.Agreement(0.875, 0.0625))),
                new JournalEntry.Noted(new JobEvent.ShortCalibration(128, 3, 256)),
                new JournalEntry.Noted(new JobEvent.TensorsLeftOut(3, 99, "vision.x")),
                new JournalEntry.Noted(new JobEvent.RecordLost("m")),
                new JournalEntry.Noted(new JobEvent.QualityNotMeasured("no tokenizer")),
                new JournalEntry.Spent("quantize", new Report.Stage(1.5, 1 << 30)));
    }

    @Test
    void readsWhatItWrote() {
        try (Journal journal = Journal.open(folder)) {
            everyKind().forEach(journal::append);
        }
        assertThat(Journal.peek(folder)).isEqualTo(everyKind());
        try (Journal journal = Journal.open(folder)) {
            assertThat(journal.entries()).isEqualTo(everyKind());
        }
    }

    @Test
    void aTornLastLineDoesNotCount() throws IOException {
        Path file = folder.resolve(Journal.NAME);
        try (Journal journal = Journal.open(folder)) {
            everyKind().forEach(journal::append);
        }
        byte[] whole = Files.readAllBytes(file);
        int lastLine = new String(whole, 0, whole.length - 1, StandardCharsets.UTF_8).lastIndexOf('\n') + 1;
        for (int cut = lastLine; cut < whole.length; cut++) {
            Files.write(file, Arrays.copyOf(whole, cut));
            try (Journal journal = Journal.open(folder)) {
                assertThat(journal.entries()).isEqualTo(everyKind().subList(0, everyKind().size() - 1));
                journal.append(everyKind().getLast());
            }
            assertThat(Files.readAllBytes(file)).isEqualTo(whole);
        }
    }

    @Test
    void refusesADamagedLine() throws IOException {
        try (Journal journal = Journal.open(folder)) {
            journal.append(everyKind().getFirst());
        }
        Files.writeString(folder.resolve(Journal.NAME), "{\"entry\":\"begun\"}\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> Journal.open(folder)).isInstanceOf(JobException.class)
                .hasMessageContaining("line 2").hasMessageContaining("--overwrite");
    }

    @Test
    void isLocked() {
        try (Journal _ = Journal.open(folder)) {
            assertThatThrownBy(() -> Journal.open(folder)).isInstanceOf(JobException.class).hasMessageContaining("another mojave");
        }
        Journal.open(folder).close();
    }
}
