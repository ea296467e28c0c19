package org.mojave.engine.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.mojave.testkit.Goldens;

/** A golden model with another config.json, in its own folder. */
public final class GoldenCopy {
    private GoldenCopy() {}

    /** Copies the golden's weights into {@code folder} and writes its config changed. */
    public static Path make(String golden, Path folder, UnaryOperator<String> change) {
        Path source = Goldens.ofRepository().folder().resolve(golden);
        try (Stream<Path> files = Files.list(source)) {
            Files.createDirectories(folder);
            List<Path> weights = files.filter(f -> f.getFileName().toString().startsWith("model")).toList();
            for (Path file : weights) {
                Path copy = folder.resolve(file.getFileName());
                if (!Files.exists(copy)) {
                    Files.copy(file, copy);
                }
            }
            Files.writeString(folder.resolve("config.json"), change.apply(Files.readString(source.resolve("config.json"))));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
