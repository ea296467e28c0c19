package org.mojave.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Folders of golden models, each with {@code config.json}, weights and {@code expected.json}. */
public record Goldens(Path folder) {
    /** Those of this repository: {@code testkit/goldens} below the system property {@code mojave.root}. */
    public static Goldens ofRepository() {
        String root = System.getProperty("mojave.root");
        if (root == null) {
            throw new IllegalStateException("system property mojave.root must name the repository's root");
        }
        return new Goldens(Path.of(root, "testkit", "goldens"));
    }

    /** The golden model of that name. */
    public GoldenModel model(String name) {
        return GoldenModel.read(folder.resolve(name));
    }

    /** Names of all golden models, sorted. */
    public List<String> models() {
        try (Stream<Path> folders = Files.list(folder)) {
            return folders.filter(f -> Files.exists(f.resolve("config.json")) && Files.exists(f.resolve("expected.json")))
                    .map(f -> f.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
