package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.compress.calibrate.TokenFile;

/** {@code mojave sample} as a process that is killed, and its tokens in {@code mojave compress}. */
final class SampleCommandTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final String WREN = ROOT.resolve("examples/wren-moe").toString();

    @TempDir
    Path folder;

    private List<String> arguments(String output) {
        return List.of("sample", WREN, "--out", folder.resolve(output).toString(), "--sequences", "6", "--together", "1", "--length", "40",
                "--quiet");
    }

    @Test
    void killedAndRepeatedItWritesTheSameFile() throws Exception {
        Run whole = Run.mojave(arguments("whole.json").toArray(String[]::new));
        assertThat(whole.code()).as(whole.err()).isZero();
        assertThat(whole.out()).contains("6 sequences of 40 tokens").contains("0.0 % of them mere repetition");
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "--add-modules", "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-Xmx512m", "-cp", System.getProperty("java.class.path"), "org.mojave.cli.Mojave"));
        command.addAll(arguments("killed.json"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile()).start();
        Path journal = folder.resolve("killed.json.journal");
        while (process.isAlive() && lines(journal) < 3) {
            Thread.sleep(1);
        }
        process.destroyForcibly().waitFor();
        assertThat(folder.resolve("killed.json")).as("killed in time").doesNotExist();
        Run again = Run.mojave(arguments("killed.json").toArray(String[]::new));
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(Files.readAllBytes(folder.resolve("killed.json"))).isEqualTo(Files.readAllBytes(folder.resolve("whole.json")));
        assertThat(journal).doesNotExist();
        Run third = Run.mojave(arguments("killed.json").toArray(String[]::new));
        assertThat(third.code()).isEqualTo(2);
        assertThat(third.err()).contains("exists already").contains("--overwrite");
    }

    private static int lines(Path file) throws IOException {
        return Files.exists(file) ? (int) Files.readString(file).chars().filter(c -> c == '\n').count() : 0;
    }

    @Test
    void compressTakesTheTokensOfItsOwnModelOnly() {
        assertThat(Run.mojave(arguments("tokens.json").toArray(String[]::new)).code()).isZero();
        Path tokens = folder.resolve("tokens.json");
        String[] compress = {"compress", WREN, "--out", folder.resolve("out").toString(), "--calibration", tokens.toString(), "--length", "20",
            "--quiet", "--eval", ROOT + "/examples/evaluation/prose.txt"};
        Run right = Run.mojave(compress);
        assertThat(right.code()).as(right.err()).isZero();
        assertThat(right.out()).contains("Verified");
        TokenFile own = TokenFile.read(tokens);
        Path foreign = folder.resolve("foreign.json");
        new TokenFile("0".repeat(64), own.origin(), own.sequences(), own.experts()).write(foreign);
        compress[3] = folder.resolve("other").toString();
        compress[5] = foreign.toString();
        Run wrong = Run.mojave(compress);
        assertThat(wrong.code()).isEqualTo(2);
        assertThat(wrong.err().lines()).singleElement().asString().contains("foreign.json").contains("another model");
        assertThat(folder.resolve("other")).doesNotExist();
    }
}
