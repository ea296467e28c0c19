package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.cli.terminal.Streams;
import org.mojave.format.checkpoint.Checkpoint;

/** {@code mojave compress} as a real process that is killed, interrupted, starved of disk, or given damaged models. */
final class CompressFaultsTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final String JOURNAL = "journal.jsonl";
    /** Starts a command that hears an interrupt even if the tests were started in the background, where none is heard. */
    private static final String LISTENING =
            "env --default-signal=INT true 2>/dev/null && exec env --default-signal=INT \"$@\"; exec \"$@\"";

    @TempDir
    static Path models;

    @TempDir
    Path folder;

    private Path output;

    /** A tiny model of random weights that shares the vocabulary, and so the tokenizer, of the bundled one. */
    @BeforeAll
    static void makeModel() throws IOException {
        new SmallModel(4, 12, 48).make(model());
    }

    @BeforeEach
    void nameOutput() {
        output = folder.resolve("out");
    }

    private static Path model() {
        return models.resolve("tiny");
    }

    private record Ended(int code, String out, String err) {}

    private static Ended inProcess(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Mojave.run(Streams.plain(new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8)), arguments);
        return new Ended(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private List<String> compress(Path model, String... more) {
        List<String> arguments = new ArrayList<>(List.of("compress", model.toString(), "--out", output.toString(), "--sequences", "16",
                "--length", "64", "--group-size", "32", "--quiet", "--eval", ROOT + "/examples/evaluation/prose.txt"));
        arguments.addAll(List.of(more));
        if (!arguments.contains("--bits")) {
            arguments.addAll(List.of("--bits", "3"));
        }
        return arguments;
    }

    private Ended compressed(Path model, String... more) {
        return inProcess(compress(model, more).toArray(String[]::new));
    }

    private Process start(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("bash", "-c", LISTENING, "bash", System.getProperty("java.home") + "/bin/java", "--add-modules",
                "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Xmx512m", "-Dmojave.root=" + ROOT, "-cp",
                System.getProperty("java.class.path"), "org.mojave.cli.Mojave"));
        command.addAll(arguments);
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("process.log").toFile()).start();
    }

    private Path partial() {
        return folder.resolve("out.partial");
    }

    /** Lines of the journal that say what was done, not what it took. */
    private long journalLines() throws IOException {
        Path journal = partial().resolve(JOURNAL);
        if (!Files.exists(journal)) {
            return 0;
        }
        try (Stream<String> lines = Files.lines(journal, StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> !line.contains("\"spent\"")).count();
        }
    }

    /** Bytes of every file but the report, which holds times. */
    private static Map<String, byte[]> contents(Path folder) throws IOException {
        Map<String, byte[]> contents = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(f -> !f.endsWith("report.json")).toList()) {
                contents.put(file.getFileName().toString(), Files.readAllBytes(file));
            }
        }
        return contents;
    }

    private static void assertSameFiles(Path found, Map<String, byte[]> expected) throws IOException {
        Map<String, byte[]> contents = contents(found);
        assertThat(contents.keySet()).isEqualTo(expected.keySet());
        contents.forEach((name, bytes) -> assertThat(Arrays.equals(bytes, expected.get(name))).as(name).isTrue());
    }

    /** What an uninterrupted run gives. */
    private Map<String, byte[]> whole(String... more) throws IOException {
        assertThat(compressed(model(), more).code()).isZero();
        Map<String, byte[]> contents = contents(output);
        assertThat(inProcess("resume", output.toString()).err()).contains("is finished");
        Files.move(output, folder.resolve("whole"));
        return contents;
    }

    @Test
    void killedAtRandomMomentsTheResultIsTheSame() throws Exception {
        Map<String, byte[]> expected = whole("--pruning");
        assertThat(expected).containsKey("pruning.json");
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int kills = 0;
        long lines = 0;
        for (int attempt = 0; attempt < 6 && !Files.exists(output); attempt++) {
            Process process = start(attempt == 0 || random.nextBoolean() ? compress(model(), "--pruning") : List.of("resume", output.toString(), "--quiet"));
            long target = journalLines() + random.nextInt(6);
            while (process.isAlive() && journalLines() < target) {
                Thread.sleep(1);
            }
            Thread.sleep(random.nextInt(60));
            kills += process.isAlive() ? 1 : 0;
            process.destroyForcibly().waitFor();
            assertThat(Files.exists(output) || journalLines() >= lines).as("seed %d: no journaled work is lost", seed).isTrue();
            lines = journalLines();
            if (lines == 0) {
                attempt--; // killed before it began
            }
        }
        assertThat(kills).as("seed %d", seed).isPositive();
        if (!Files.exists(output)) {
            Ended ended = inProcess("resume", output.toString(), "--quiet");
            assertThat(ended.code()).as("seed %d: %s", seed, ended.err()).isZero();
        }
        assertSameFiles(output, expected);
        assertThat(partial()).doesNotExist();
    }

    @Test
    void interruptedFromTheKeyboardItSaysSoAndGoesOn() throws Exception {
        Map<String, byte[]> expected = whole();
        Process process = start(compress(model()));
        while (process.isAlive() && journalLines() < 4) {
            Thread.sleep(1);
        }
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
        assertThat(Files.readString(folder.resolve("process.log"))).contains("interrupted");
        assertThat(output).doesNotExist();
        assertThat(compressed(model()).code()).isZero();
        assertSameFiles(output, expected);
    }

    @Test
    void damagedRecordsAndTornJournalsAreMended() throws Exception {
        Map<String, byte[]> expected = whole();
        Process process = start(compress(model()));
        while (process.isAlive() && journalLines() < 8) {
            Thread.sleep(1);
        }
        process.destroyForcibly().waitFor();
        try (RandomAccessFile journal = new RandomAccessFile(partial().resolve(JOURNAL).toFile(), "rw")) {
            journal.setLength(journal.length() - 1); // the last line loses its end
        }
        try (RandomAccessFile weights = new RandomAccessFile(partial().resolve("model.safetensors.partial").toFile(), "rw")) {
            weights.seek(100_000); // in the embedding
            weights.write(new byte[] {1, 2, 3, 4});
        }
        Ended ended = inProcess("resume", output.toString());
        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(ended.err()).contains("embedding").contains("damaged and is made again");
        assertSameFiles(output, expected);
    }

    @Test
    void anotherJobIsRefusedUnlessOverwritten() throws Exception {
        Process process = start(compress(model()));
        while (process.isAlive() && journalLines() < 3) {
            Thread.sleep(1);
        }
        process.destroyForcibly().waitFor();
        Ended other = compressed(model(), "--bits", "4");
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err().lines()).hasSize(1);
        assertThat(other.err()).contains("another recipe").contains("3g32a").contains("4g32a").contains("--overwrite");
        assertThat(compressed(model(), "--bits", "4", "--overwrite").code()).isZero();
        Ended again = compressed(model());
        assertThat(again.code()).isEqualTo(2);
        assertThat(again.err()).contains("exists already").contains("--overwrite");
    }

    @Test
    void aFullDiskIsToldAndTheJobGoesOnLater() throws Exception {
        Map<String, byte[]> expected = whole();
        long blocks = Files.size(folder.resolve("whole/model.safetensors")) / 1024 / 2;
        List<String> limited = new ArrayList<>(List.of("bash", "-c", "ulimit -f " + blocks + "; exec \"$@\"", "bash",
                System.getProperty("java.home") + "/bin/java", "--add-modules", "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-Xmx512m", "-XX:-UsePerfData", "-Dmojave.root=" + ROOT, "-cp",
                System.getProperty("java.class.path"), "org.mojave.cli.Mojave"));
        limited.addAll(compress(model()));
        Path log = folder.resolve("limited.log");
        Process process = new ProcessBuilder(limited).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isEqualTo(5);
        assertThat(Files.readString(log)).contains("model.safetensors: cannot be written").doesNotContain("\tat ");
        assertThat(output).doesNotExist();
        assertThat(compressed(model()).code()).isZero();
        assertSameFiles(output, expected);
    }

    @Test
    void damagedModelsAndBadWishesEndInOneLine() throws IOException {
        Path damaged = copy("damaged");
        putNaN(damaged);
        assertOneLine(compressed(damaged), 4, "NaN", "layers.0.experts.0.down");
        Path mute = copy("mute");
        Files.delete(mute.resolve("tokenizer.json"));
        assertOneLine(compressed(mute), 2, "tokenizer.json", "--method rtn");
        Path brief = Files.writeString(folder.resolve("brief.txt"), "Too short.");
        assertOneLine(compressed(model(), "--calibration", brief.toString()), 2, "not one sequence of 64");
        Path foreign = copy("foreign");
        Files.writeString(foreign.resolve("config.json"), "{\"model_type\": \"mamba\"}");
        assertOneLine(compressed(foreign), 3, "mamba", "qwen3_moe");
        assertOneLine(compressed(model(), "--memory", "2MB"), 5, "at least --memory");
        assertOneLine(compressed(model(), "--bits", "5"), 2, "--bits");
        assertOneLine(compressed(model(), "--calibration", "absent.txt"), 2, "absent.txt", "no such");
        assertOneLine(inProcess("compress", model().toString(), "--out", model().resolve("x").toString()), 2, "inside the model");
        assertOneLine(inProcess("resume", folder.resolve("none").toString()), 2, "no interrupted job");
        assertThat(output).doesNotExist();
    }

    @Test
    void aFolderWithoutPermissionIsNamed() throws IOException {
        Path locked = Files.createDirectory(folder.resolve("locked"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r-xr-xr-x")));
        if (Files.isWritable(locked)) {
            locked = Path.of("/proc/mojave"); // root may write everywhere, but nobody makes folders here
        }
        Ended ended = inProcess("compress", model().toString(), "--out", locked.resolve("out").toString(), "--method", "rtn");
        assertOneLine(ended, 2, locked.toString(), "--out");
    }

    @Test
    void withoutTokenizerItRoundsAndSaysThatNothingWasMeasured() throws IOException {
        Path mute = copy("rounded");
        Files.delete(mute.resolve("tokenizer.json"));
        Ended ended = inProcess("compress", mute.toString(), "--out", output.toString(), "--method", "rtn", "--bits", "8");
        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(ended.err()).contains("perplexity not measured").contains("tokenizer.json");
    }

    @Test
    void theDryRunTellsTheExactSize() throws IOException {
        Ended dry = compressed(model(), "--dry-run", "--json");
        assertThat(output).doesNotExist();
        long planned = Long.parseLong(dry.out().replaceAll("\\D", ""));
        assertThat(compressed(model()).code()).isZero();
        long bytes = 0;
        for (byte[] content : contents(output).values()) {
            bytes += content.length;
        }
        assertThat(bytes).isEqualTo(planned);
    }

    private static void assertOneLine(Ended ended, int code, String... parts) {
        assertThat(ended.code()).as(ended.err()).isEqualTo(code);
        assertThat(ended.err().lines()).hasSize(1);
        assertThat(ended.err()).startsWith("mojave: ").contains(parts);
        assertThat(ended.out()).isEmpty();
    }

    private Path copy(String name) throws IOException {
        Path copy = Files.createDirectory(folder.resolve(name));
        try (Stream<Path> files = Files.list(model())) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        return copy;
    }

    /** Puts a bfloat16 NaN in the middle of a matrix. */
    private static void putNaN(Path model) throws IOException {
        Path shard = model.resolve("model.safetensors");
        long offset;
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            var data = checkpoint.tensor("model.layers.0.mlp.experts.0.down_proj.weight").bytes();
            long dataStart = Files.size(shard) - checkpoint.tensors().values().stream().mapToLong(t -> t.bytes().byteSize()).sum();
            offset = dataStart + data.address() - checkpoint.tensors().values().stream().mapToLong(t -> t.bytes().address()).min().orElseThrow();
        }
        try (RandomAccessFile file = new RandomAccessFile(shard.toFile(), "rw")) {
            file.seek(offset + 1000);
            file.write(new byte[] {(byte) 0xc0, 0x7f});
        }
    }
}
