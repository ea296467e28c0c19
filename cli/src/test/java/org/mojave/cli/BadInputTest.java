package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.checkpoint.Checkpoint;
import tools.jackson.databind.JsonNode;

/** What a user can give {@code mojave compress} that is not as it should be, through the launcher: one clear line before the work begins. */
final class BadInputTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));

    @TempDir
    static Path models;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeModel() throws IOException, InterruptedException {
        assertThat(Launcher.ofRepository().run("--version").code()).as("built").isZero();
        new SmallModel(2, 12, 48).make(model());
    }

    private static Path model() {
        return models.resolve("model");
    }

    private Run compress(Path model, String... more) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(List.of("compress", model.toString(), "--out", folder.resolve("out").toString(), "--eval",
                ROOT.resolve("examples/evaluation/prose.txt").toString()));
        arguments.addAll(List.of(more));
        return Launcher.ofRepository().run(arguments.toArray(String[]::new));
    }

    private void assertRefused(Run run, int code, String line) {
        assertThat(run.code()).as(run.err()).isEqualTo(code);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines().filter(said -> said.startsWith("mojave: "))).singleElement().asString().matches(line);
        assertThat(run.err()).doesNotContain("\tat ").doesNotContain("Quantize");
        assertThat(folder.resolve("out")).doesNotExist();
        assertThat(folder.resolve("out.partial")).doesNotExist();
    }

    /** The model with the first values of a tensor replaced. */
    private Path patched(String tensor, int values, int upperByte, int lowerByte) throws IOException {
        Path copy = Files.createDirectory(folder.resolve("patched"));
        try (Stream<Path> files = Files.list(model())) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        Path shard = copy.resolve("model.safetensors");
        long offset;
        try (Checkpoint checkpoint = Checkpoint.open(copy)) {
            long all = checkpoint.tensors().values().stream().mapToLong(t -> t.bytes().byteSize()).sum();
            long first = checkpoint.tensors().values().stream().mapToLong(t -> t.bytes().address()).min().orElseThrow();
            offset = Files.size(shard) - all + checkpoint.tensor(tensor).bytes().address() - first;
        }
        try (RandomAccessFile file = new RandomAccessFile(shard.toFile(), "rw")) {
            file.seek(offset);
            for (int i = 0; i < values; i++) {
                file.write(new byte[] {(byte) lowerByte, (byte) upperByte});
            }
        }
        return copy;
    }

    @Test
    void infiniteWeightsAndNumbersThatAreNoneAreFoundBeforeTheWork() throws Exception {
        Path infinite = patched("model.layers.1.mlp.experts.11.down_proj.weight", 1, 0x7f, 0x80);
        assertRefused(compress(infinite), 4, "mojave: .*patched, layers\\.1\\.experts\\.11\\.down: weight at row 0, column 0 is Infinity; the checkpoint "
                + "is damaged.*");
        Files.move(infinite, folder.resolve("first"));
        Path norm = patched("model.norm.weight", 1, 0x7f, 0xc0);
        assertRefused(compress(norm, "--method", "rtn"), 4, "mojave: .*patched, model\\.norm\\.weight: weight at component 0 is NaN; .*");
    }

    @Test
    void textThatIsTooShortIsToldBeforeTheWork() throws Exception {
        Path brief = Files.writeString(folder.resolve("brief.txt"), "Too short for anything.");
        assertRefused(compress(model(), "--calibration", brief.toString()), 2,
                "mojave: the calibration text has only \\d+ tokens, not one sequence of 128; give a longer text with --calibration or a smaller --length");
        Path some = Files.writeString(folder.resolve("some.txt"), "The wren sings in the hedge before the rain comes. ".repeat(40));
        Run run = compress(model(), "--calibration", some.toString(), "--length", "32", "--bits", "8");
        assertThat(run.code()).as(run.err()).isZero();
        List<String> said = run.err().lines().toList();
        int note = said.indexOf(said.stream().filter(line -> line.matches("Note: the calibration text gives \\d+ sequences of 32 tokens, not 128"))
                .findFirst().orElseThrow());
        assertThat(said.stream().filter(line -> line.startsWith("Quantize")).map(said::indexOf)).allMatch(line -> line > note);
    }

    @Test
    void targetsBelowTheFloorSayTheFloor() throws Exception {
        assertRefused(compress(model(), "--target-bits", "1", "--balance"), 2,
                "mojave: --target-bits 1.0 is too small for this model: the smallest plan has [\\d.]+ bits per weight \\(\\d+ bytes\\)");
        assertRefused(compress(model(), "--target-size", "100kB", "--allocation", "frequency"), 2,
                "mojave: --target-size 100000 bytes is too small for this model: the smallest plan has \\d+ bytes \\([\\d.]+ bits per weight\\)");
    }

    @Test
    void expertsThatNoTokenReachesAreNamedCountedAndNotZeroed() throws Exception {
        Run run = compress(model(), "--sequences", "1", "--length", "4", "--shrinkage", "0", "--no-matching", "--sweeps", "0");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).containsPattern("Note: layers\\.\\d+\\.experts\\.\\d+\\.gate: no calibration token reached it; its weights are rounded")
                .containsPattern("Note: … and \\d+ more like the last, all in report.json");
        JsonNode report = Checkpoint.readJson(folder.resolve("out/report.json"));
        JsonNode experts = report.path("roles").valueStream().filter(role -> role.path("role").asString().equals("expert")).findFirst().orElseThrow();
        assertThat(experts.path("fallen_back").asInt()).isPositive();
        assertThat(experts.path("least_tokens").asInt()).isZero();
        // Experts with fewer tokens than inputs have a singular Hessian, which damping makes usable.
        assertThat(report.path("matrices").valueStream().filter(m -> m.path("tokens").asInt() > 0 && m.path("tokens").asInt() < 64))
                .isNotEmpty().allMatch(m -> m.path("state").asString().equals("gptq") && m.path("error").asDouble() < 1);
        Files.move(folder.resolve("out"), folder.resolve("lenient"));
        assertRefused(compress(model(), "--sequences", "1", "--length", "4", "--strict"), 6, "mojave: layers\\.\\d+\\.experts\\.\\d+: no calibration token of 1 × 4 reaches it, and --strict .*");
    }

    @Test
    void inputsThatAreAlwaysZeroAreTold() throws Exception {
        Path silent = patched("model.layers.1.input_layernorm.weight", 64, 0, 0);
        Run run = compress(silent, "--sequences", "4", "--length", "32");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("Note: layers.1.query: 64 of its inputs were zero in all calibration tokens");
        assertThat(Run.mojave("run", folder.resolve("out").toString(), "-p", "The wren", "-n", "2", "--quiet").code()).isZero();
    }

    @Test
    void recipesThatAreNotUnderstoodAreTold() throws Exception {
        Path unknown = Files.writeString(folder.resolve("mine.yaml"), "target_bits: 3\n");
        assertRefused(compress(model(), "--recipe", unknown.toString()), 2, "mojave: .*mine\\.yaml:1: unknown key 'target_bits'; the nearest is "
                + "'target-bits' .*");
        Path idle = Files.writeString(folder.resolve("idle.yaml"), "rules:\n  - match: {role: shared_expert}\n    bits: 8\n");
        assertRefused(compress(model(), "--recipe", idle.toString()), 2, "mojave: rule 'shared_expert=8' matches no matrix that could be quantized; the "
                + "model has the roles attention, expert, embedding, router and names like .*");
    }
}
