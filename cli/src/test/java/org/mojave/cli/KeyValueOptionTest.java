package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code --kv} of the commands that run a model. */
final class KeyValueOptionTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final String WREN = ROOT.resolve("examples/wren-moe").toString();
    private static final String TEXT = ROOT.resolve("examples/evaluation/prose.txt").toString();

    private static JsonNode json(Run run) {
        assertThat(run.code()).as(run.err()).isZero();
        return JsonMapper.shared().readTree(run.out());
    }

    private static double perplexity(Run eval) {
        return json(eval).path("texts").get(0).path("perplexity").path("value").doubleValue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"exact", "auto", "java"})
    void fewerBitsHardlyChangeThePerplexity(String kernels) {
        String[] eval = {"eval", WREN, "--text", TEXT, "--windows", "3", "--kernels", kernels, "--json", "-q", "--kv", "f32"};
        double floats = perplexity(Run.mojave(eval));
        eval[eval.length - 1] = "f16";
        assertThat(perplexity(Run.mojave(eval)) / floats).isCloseTo(1, within(1e-3)).isNotEqualTo(1);
        eval[eval.length - 1] = "Q8";
        assertThat(perplexity(Run.mojave(eval)) / floats).isCloseTo(1, within(5e-3)).isNotEqualTo(1);
    }

    @Test
    void aTextGoesOnWithRoundedKeysAndValuesThroughTheLauncher() throws Exception {
        Run plain = Launcher.ofRepository().run("run", WREN, "-p", "The wren is a small bird", "-n", "16", "--kv", "q8", "-q");
        assertThat(plain.code()).as(plain.err()).isZero();
        for (String[] place : new String[][] {{"--store", "resident"}, {"--memory", "285MB"}}) {
            assertThat(Run.mojave("run", WREN, "-p", "The wren is a small bird", "-n", "16", "--kv", "q8", "-q", place[0], place[1]).out())
                    .as(place[1]).isEqualTo(plain.out());
        }
        JsonNode floats = json(Run.mojave("logits", WREN, "--ids", "5,6,7", "--json"));
        JsonNode rounded = json(Run.mojave("logits", WREN, "--ids", "5,6,7", "--json", "--kv", "f16"));
        assertThat(rounded.path("sequences").get(0).path("logits")).isNotEqualTo(floats.path("sequences").get(0).path("logits"));
    }

    @Test
    void theMemoryItTakesIsCounted() {
        String[] run = {"run", WREN, "-p", "The wren is", "-n", "1000", "--memory", "200MB", "--kv", "f32"};
        assertThat(Run.mojave(run).err()).containsPattern("6\\.1\\d MB of cache");
        run[run.length - 1] = "q8";
        assertThat(Run.mojave(run).err()).containsPattern("1\\.7\\d MB of cache");
        JsonNode bench = json(Run.mojave("bench", WREN, "-p", "0", "-n", "2", "-r", "1", "--warm-up", "0", "--json", "-q", "--kv", "q8"));
        assertThat(bench.path("keyValues").asString()).isEqualTo("q8");
        long floats = json(Run.mojave("plan", WREN, "--run", "--tokens", "1000", "--json", "-q")).path("forecasts").get(0).path("memoryBytes").asLong();
        long halves = json(Run.mojave("plan", WREN, "--run", "--tokens", "1000", "--kv", "f16", "--json", "-q")).path("forecasts").get(0)
                .path("memoryBytes").asLong();
        // 6 layers, keys and values, 4 heads of 32; half as much again while a cache grows.
        assertThat(floats - halves).isEqualTo(2L * 1000 * 6 * 2 * 4 * 32 * 3 / 2);
    }

    @Test
    void anUnknownTypeIsOneClearLine() {
        Run run = Run.mojave("run", WREN, "-p", "The", "--kv", "q4");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err().lines()).singleElement().asString().contains("--kv").contains("'q4' is not f32, f16 or q8");
    }
}
