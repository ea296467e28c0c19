package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.checkpoint.FileRange;
import org.mojave.format.checkpoint.TensorChecksums;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code --memory} and {@code --store} of the commands that run a model. */
final class StoreOptionTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final Path WREN = ROOT.resolve("examples/wren-moe");
    private static final String EXPERT = "model.layers.2.mlp.experts.3.up_proj.weight";

    @TempDir
    Path folder;

    private static JsonNode run(Path model, String... options) {
        String[] all = new String[options.length + 7];
        System.arraycopy(new String[] {"run", model.toString(), "-p", "The wren is", "-n", "12", "--json"}, 0, all, 0, 7);
        System.arraycopy(options, 0, all, 7, options.length);
        Run run = Run.mojave(all);
        assertThat(run.code()).as(run.err()).isZero();
        return JsonMapper.shared().readTree(run.out());
    }

    @Test
    void theTextIsTheSameWhateverTheMemory() {
        JsonNode mapped = run(WREN, "--store", "mapped");
        assertThat(mapped.has("experts")).isFalse();
        assertThat(run(WREN, "--store", "resident").get("ids")).isEqualTo(mapped.get("ids"));
        assertThat(run(WREN, "--memory", "1GB").has("experts")).as("all fits").isFalse();
        for (String memory : new String[] {"290MB", "285MB"}) {
            JsonNode streamed = run(WREN, "--memory", memory);
            assertThat(streamed.get("ids")).isEqualTo(mapped.get("ids"));
            assertThat(streamed.get("experts").get("slots").asInt()).isBetween(3, 95);
            assertThat(streamed.get("experts").get("bytesRead").asLong()).isPositive();
            assertThat(streamed.get("experts").get("hitRate").asDouble()).isBetween(0.0, streamed.get("experts").get("bestHitRate").asDouble() + 0.02);
        }
        for (String guesser : new String[] {"router", "paths"}) {
            JsonNode guessed = run(WREN, "--memory", "285MB", "--look-ahead", "--look-ahead-by", guesser);
            assertThat(guessed.get("ids")).as(guesser).isEqualTo(mapped.get("ids"));
        }
    }

    @Test
    void perplexityIsTheSameWhateverTheMemory() {
        String[] base = {"eval", WREN.toString(), "--text", ROOT.resolve("examples/evaluation/prose.txt").toString(), "--windows", "2", "--window", "64",
            "--json", "--batch", "2"};
        String[] streamed = new String[base.length + 4];
        System.arraycopy(base, 0, streamed, 0, base.length);
        System.arraycopy(new String[] {"--store", "streamed", "--memory", "290MB"}, 0, streamed, base.length, 4);
        JsonNode one = JsonMapper.shared().readTree(Run.mojave(base).out());
        Run other = Run.mojave(streamed);
        assertThat(other.code()).as(other.err()).isZero();
        String perplexity = one.findValue("perplexity").toString();
        assertThat(JsonMapper.shared().readTree(other.out()).findValue("perplexity")).hasToString(perplexity);
    }

    @Test
    void tooLittleMemoryIsRefusedWithTheFloor() {
        Run refused = Run.mojave("run", WREN.toString(), "-p", "The wren is", "--memory", "200MB");
        assertThat(refused.code()).isEqualTo(5);
        assertThat(refused.err().lines().toList()).last().asString().contains("needs at least --memory 2").contains("allowed are 200 MB");
        Run resident = Run.mojave("run", WREN.toString(), "-p", "The wren is", "--memory", "280MB", "--store", "resident");
        assertThat(resident.code()).isEqualTo(5);
        assertThat(resident.err()).contains("use --store streamed");
    }

    @Test
    void skippedExpertsAreCountedAndTheSameWhereverExpertsAre() {
        JsonNode mapped = run(WREN, "--prune-rate", "20%");
        assertThat(mapped.get("skippedShare").asDouble()).isBetween(0.02, 0.35);
        JsonNode streamed = run(WREN, "--prune-rate", "0.2", "--memory", "285MB");
        assertThat(streamed.get("ids")).isEqualTo(mapped.get("ids"));
        assertThat(streamed.get("skippedShare")).isEqualTo(mapped.get("skippedShare"));
        for (String wrong : new String[] {"50%", "fifteen", "-1%"}) {
            Run refused = Run.mojave("run", WREN.toString(), "-p", "The", "--prune-rate=" + wrong);
            assertThat(refused.code()).isEqualTo(2);
            assertThat(refused.err()).hasLineCount(2).contains("--prune-rate").contains(wrong);
        }
    }

    @Test
    void aDamagedExpertIsNamed() throws IOException {
        for (String name : new String[] {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "generation_config.json"}) {
            Files.copy(WREN.resolve(name), folder.resolve(name));
        }
        long offset;
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            Files.write(folder.resolve(TensorChecksums.NAME), TensorChecksums.bytes(checkpoint.tensors().keySet(),
                    name -> TensorChecksums.checksum(checkpoint.tensor(name).bytes())));
            FileRange range = checkpoint.locate(checkpoint.tensor(EXPERT).bytes());
            offset = range.offset() + 1000;
        }
        assertThat(run(folder, "--memory", "285MB").get("ids")).isEqualTo(run(WREN).get("ids"));
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("model.safetensors").toFile(), "rw")) {
            file.seek(offset);
            int old = file.read();
            file.seek(offset);
            file.write(old ^ 1);
        }
        Run damaged = Run.mojave("eval", folder.toString(), "--text", ROOT.resolve("examples/evaluation/prose.txt").toString(), "--windows", "1",
                "--batch", "1", "--store", "streamed", "--memory", "400MB", "--quiet");
        assertThat(damaged.code()).as(damaged.out()).isEqualTo(4);
        assertThat(damaged.err()).hasLineCount(1).contains("layer 2, expert 3").contains("checksum");
    }
}
