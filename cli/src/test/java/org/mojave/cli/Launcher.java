package org.mojave.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs the real {@code ./mojave} of a source tree, as a user does.
 *
 * @param root folder that holds the launcher
 * @param environment what is set beyond the test's own environment
 */
record Launcher(Path root, Map<String, String> environment) {
    private static final long LIMIT_SECONDS = 300;

    /** The launcher of this repository with the JDK that runs the tests. */
    static Launcher ofRepository() {
        return new Launcher(Path.of(System.getProperty("mojave.root")), Map.of("JAVA_HOME", System.getProperty("java.home")));
    }

    Launcher with(String name, String value) {
        Map<String, String> more = new java.util.HashMap<>(environment);
        more.put(name, value);
        return new Launcher(root, more);
    }

    Run run(String... arguments) throws IOException, InterruptedException {
        return shell("exec \"$0\" \"$@\"", arguments);
    }

    /** Runs a shell script in which {@code $0} is the launcher. */
    Run shell(String script, String... arguments) throws IOException, InterruptedException {
        Path out = Files.createTempFile("mojave-test", ".out");
        Path err = Files.createTempFile("mojave-test", ".err");
        try {
            Process process = builder(script, arguments).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
            process.getOutputStream().close();
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new IllegalStateException("no end after " + LIMIT_SECONDS + " s: " + List.of(arguments));
            }
            return new Run(process.exitValue(), Files.readString(out), Files.readString(err));
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    ProcessBuilder builder(String script, String... arguments) {
        List<String> command = new ArrayList<>(List.of("bash", "-c", script, root.resolve("mojave").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> name.startsWith("MOJAVE") || name.startsWith("JAVA") || name.equals("MAVEN_OPTS"));
        builder.environment().putAll(environment);
        return builder;
    }

    /** A whole stream as text. */
    static String text(java.io.InputStream stream) throws IOException {
        return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
}
