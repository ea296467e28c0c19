package org.mojave.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The texts and the model that come with the program, in {@code examples}. */
final class BundledTexts {
    private BundledTexts() {}

    /** Text for calibration where the user names none. */
    static List<Path> calibration() {
        return texts("calibration");
    }

    /** Other text, for measuring. */
    static List<Path> evaluation() {
        return texts("evaluation");
    }

    /** The small model that comes with the program. */
    static Path model() {
        return examples().resolve("wren-moe");
    }

    /** Where the program lives; its launcher says so. */
    static Path root() {
        return Path.of(System.getProperty("mojave.root", "."));
    }

    private static Path examples() {
        return root().resolve("examples");
    }

    private static List<Path> texts(String folder) {
        Path texts = examples().resolve(folder);
        if (!Files.isDirectory(texts)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(texts)) {
            return files.filter(file -> file.toString().endsWith(".txt")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
