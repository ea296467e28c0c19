package org.mojave.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs commands as a user does: through {@code ./mojave} in a process of its own, which builds Mojave first where needed. */
final class Launched {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final long LONGEST_MINUTES = 10;

    private Launched() {}

    /** A command that has been started; its output goes to files. */
    record Started(Process process, Path out, Path err) {
        /** Waits for its end. */
        Run await() throws IOException, InterruptedException {
            if (!process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new AssertionError("the command has not ended after " + LONGEST_MINUTES + " minutes");
            }
            return new Run(process.exitValue(), Files.readString(out), Files.readString(err));
        }
    }

    /** Runs to the end with that standard input. */
    static Run mojave(Path folder, String input, String... arguments) throws IOException, InterruptedException {
        Started started = start(folder, arguments);
        try (var in = started.process().getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        return started.await();
    }

    /** Starts only. */
    static Started start(Path folder, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(ROOT.resolve("mojave").toString()));
        command.addAll(List.of(arguments));
        Path out = Files.createTempFile(folder, "out", ".txt");
        Path err = Files.createTempFile(folder, "err", ".txt");
        ProcessBuilder builder = new ProcessBuilder(command).directory(ROOT.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return new Started(builder.start(), out, err);
    }
}
