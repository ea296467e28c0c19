package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.checkpoint.Checkpoint;

/** {@code mojave calibrate} as a process that is killed, and its statistics in {@code mojave compress}. */
final class CalibrateCommandTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final String WREN = ROOT.resolve("examples/wren-moe").toString();

    @TempDir
    Path folder;

    private String[] calibrate(String output, String seed, String... more) {
        List<String> arguments = new ArrayList<>(List.of("calibrate", WREN, "--out", folder.resolve(output).toString(), "--sequences", "4",
                "--length", "32", "--seed", seed, "--quiet"));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    @Test
    void killedAndRepeatedItWritesTheSameFiles() throws Exception {
        Run whole = Run.mojave(calibrate("whole", "0"));
        assertThat(whole.code()).as(whole.err()).isZero();
        assertThat(whole.out()).contains("wren-moe").contains("4 sequences of 32 tokens");
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "--add-modules", "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-Xmx512m", "-Dmojave.root=" + ROOT, "-cp", System.getProperty("java.class.path"),
                "org.mojave.cli.Mojave"));
        command.addAll(List.of(calibrate("killed", "0")));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile()).start();
        Path journal = folder.resolve("killed.partial/journal.jsonl");
        while (process.isAlive() && lines(journal) < 20) {
            Thread.sleep(1);
        }
        process.destroyForcibly().waitFor();
        assertThat(folder.resolve("killed")).as("killed in time").doesNotExist();
        Run again = Run.mojave(calibrate("killed", "0"));
        assertThat(again.code()).as(again.err()).isZero();
        for (String file : List.of("model.safetensors", "config.json")) {
            assertThat(Files.mismatch(folder.resolve("killed").resolve(file), folder.resolve("whole").resolve(file))).as(file).isEqualTo(-1);
        }
    }

    private static int lines(Path file) throws IOException {
        return Files.exists(file) ? (int) Files.readString(file).chars().filter(c -> c == '\n').count() : 0;
    }

    @Test
    void theModelCanWriteTheTextItself() {
        Run run = Run.mojave(calibrate("own", "0", "--sample"));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(Checkpoint.readJson(folder.resolve("own/config.json")).toString()).contains("own-tokens.json");
        assertThat(folder.resolve("own-tokens.json")).exists();
    }

    @Test
    void statisticsAreAddedAndUsed() {
        assertThat(Run.mojave(calibrate("one", "1", "--affinity-power", "1")).code()).isZero();
        assertThat(Run.mojave(calibrate("two", "2", "--affinity-power", "1")).code()).isZero();
        Run merged = Run.mojave(calibrate("both", "0", "--merge", folder.resolve("one").toString(), "--merge", folder.resolve("two").toString()));
        assertThat(merged.code()).as(merged.err()).isZero();
        assertThat(merged.out()).contains("8 sequences of 32 tokens, affinity power 1");
        Run compressed = Run.mojave("compress", WREN, "--out", folder.resolve("out").toString(), "--statistics",
                folder.resolve("both").toString(), "--bits", "3", "--quiet", "--eval", ROOT + "/examples/evaluation/prose.txt");
        assertThat(compressed.code()).as(compressed.err()).isZero();
        assertThat(Checkpoint.readJson(folder.resolve("out/report.json")).path("calibration").path("tokens").asInt()).isEqualTo(256);
        Run wrong = Run.mojave("compress", WREN, "--out", folder.resolve("other").toString(), "--statistics", WREN, "--quiet");
        assertThat(wrong.code()).isEqualTo(2);
        assertThat(wrong.err().lines()).singleElement().asString().contains("no folder of statistics").contains("mojave calibrate");
    }

    /** Thresholds stored by calibrate, or by compress, are what run, eval and bench skip by. */
    @Test
    void thresholdsForSkippingAreStoredInTheModel() {
        String model = folder.resolve("small").toString();
        Run compressed = Run.mojave("compress", WREN, "--out", model, "--method", "rtn", "--pruning", "--sequences", "4", "--length", "64", "--quiet",
                "--eval", ROOT + "/examples/evaluation/prose.txt");
        assertThat(compressed.code()).as(compressed.err()).isZero();
        assertThat(Checkpoint.readJson(folder.resolve("small/pruning.json")).path("tokens").asInt()).isEqualTo(256);
        Run again = Run.mojave("calibrate", model, "--pruning", "--sequences", "6", "--length", "64", "--json", "--quiet");
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.out()).contains("pruning.json").contains("384");
        assertThat(Checkpoint.readJson(folder.resolve("small/pruning.json")).path("layers").size()).isEqualTo(6);
        for (String rate : List.of("15%", "median")) {
            Run run = Run.mojave("eval", model, "--text", ROOT + "/examples/evaluation/prose.txt", "--windows", "4", "--prune-rate", rate,
                    "--prune-thresholds", "checkpoint");
            assertThat(run.code()).as(run.err()).isZero();
            double share = Double.parseDouble(run.err().replaceAll("(?s).*Skipped: ([0-9.]+) %.*", "$1"));
            assertThat(share).as(rate).isBetween(rate.equals("15%") ? 9.0 : 18.0, rate.equals("15%") ? 21.0 : 32.0);
        }
        refused("run", model, "-p", "x", "--prune-rate", "median");
        refused("run", WREN, "-p", "x", "--prune-rate", "10%", "--prune-thresholds", "checkpoint");
        refused("calibrate", model);
        refused("calibrate", model, "--pruning", "--out", folder.resolve("x").toString());
    }

    private static void refused(String... arguments) {
        Run run = Run.mojave(arguments);
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(run.err().lines().toList().getLast()).startsWith("mojave: ");
    }
}
