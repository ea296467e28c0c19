package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkFolderTest {
    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void makeModel() throws IOException {
        model = Files.createDirectories(folder.resolve("model"));
        Files.writeString(model.resolve("config.json"), "{}");
    }

    @Test
    void refusesToWriteIntoOrOverTheModel() throws IOException {
        for (Path output : new Path[] {model, model.resolve("out"), folder, model.resolve("../model/./x")}) {
            assertThatThrownBy(() -> WorkFolder.of(output).prepare(model, true)).isInstanceOf(JobException.class)
                    .hasMessageContaining("model");
        }
        Path link = Files.createSymbolicLink(folder.resolve("link"), model);
        assertThatThrownBy(() -> WorkFolder.of(link.resolve("out")).prepare(model, false)).hasMessageContaining("inside the model");
        try (var files = Files.list(model)) {
            assertThat(files).containsExactly(model.resolve("config.json"));
        }
    }

    @Test
    void replacesOnlyOnRequestAndOnlyItsOwn() throws IOException {
        Path output = Files.createDirectories(folder.resolve("out"));
        WorkFolder.of(output).prepare(model, false);
        Files.writeString(output.resolve("notes.txt"), "mine");
        assertThatThrownBy(() -> WorkFolder.of(output).prepare(model, false)).hasMessageContaining("--overwrite");
        assertThatThrownBy(() -> WorkFolder.of(output).prepare(model, true)).hasMessageContaining("no result of mojave");
        Files.writeString(output.resolve("config.json"), "{\"quantization_config\": {\"quant_method\": \"mojave\"}}");
        WorkFolder work = WorkFolder.of(output);
        work.prepare(model, true);
        Files.writeString(work.work().resolve("new.txt"), "new");
        assertThat(output.resolve("notes.txt")).exists();
        work.publish();
        assertThat(output.resolve("new.txt")).exists();
        assertThat(output.resolve("notes.txt")).doesNotExist();
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactlyInAnyOrder(model, output);
        }
    }

    @Test
    void aLinkStandsForWhatItLeadsTo() throws IOException {
        Path target = Files.createDirectories(folder.resolve("disk/results"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), target);
        WorkFolder work = WorkFolder.of(link);
        work.prepare(model, false);
        Files.writeString(work.work().resolve("new.txt"), "new");
        work.publish();
        assertThat(target.resolve("new.txt")).exists();
        assertThat(link).isSymbolicLink();
        Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("nothing"));
        assertThatThrownBy(() -> WorkFolder.of(dangling)).isInstanceOf(JobException.class).hasMessageContaining("link to nothing");
    }

    @Test
    void aFileInTheWayIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertThatThrownBy(() -> WorkFolder.of(file).prepare(model, true)).hasMessageContaining(file.toString());
    }
}
