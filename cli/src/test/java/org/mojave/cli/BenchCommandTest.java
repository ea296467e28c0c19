package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mojave.format.checkpoint.Checkpoint;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code mojave bench} from end to end. */
class BenchCommandTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final String WREN = ROOT.resolve("examples/wren-moe").toString();

    @Test
    void measuresWhatWasAskedFor() {
        Run run = Run.mojave("bench", WREN, "-p", "8,40", "-n", "3", "-r", "2", "--warm-up", "0", "--threads", "2", "--json", "-q");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).isEmpty();
        JsonNode result = JsonMapper.builder().build().readTree(run.out());
        List<String> names = new ArrayList<>();
        for (JsonNode test : result.path("tests").values()) {
            names.add(test.path("test").stringValue());
            assertThat(test.path("samples").size()).isEqualTo(2);
            assertThat(test.path("samples").get(0).doubleValue()).isPositive();
            double mean = (test.path("samples").get(0).doubleValue() + test.path("samples").get(1).doubleValue()) / 2;
            assertThat(test.path("tokensPerSecond").doubleValue()).isCloseTo(mean, within(1e-9 * mean));
        }
        assertThat(names).containsExactly("pp8", "pp40", "tg3");
        JsonNode generation = result.path("tests").get(2);
        JsonNode memory = generation.path("memoryBytesPerSecondBeside");
        assertThat(memory.size()).isEqualTo(2);
        double first = generation.path("samples").get(0).doubleValue() / memory.get(0).doubleValue();
        double second = generation.path("samples").get(1).doubleValue() / memory.get(1).doubleValue();
        assertThat(generation.path("fractionOfLimit").doubleValue())
                .isCloseTo((first + second) / 2 * result.path("activeBytesPerToken").longValue(), within(1e-9));
        assertThat(result.path("memoryBytesPerSecond").doubleValue())
                .isCloseTo((memory.get(0).doubleValue() + memory.get(1).doubleValue()) / 2, within(1.0));
        assertThat(result.path("tests").get(0).has("memoryBytesPerSecondBeside")).isFalse();
        assertThat(result.path("tests").get(0).has("fractionOfLimit")).isFalse();
        assertThat(result.path("peakMemoryBytes").longValue()).isGreaterThan(20_000_000);
        assertThat(result.path("threads").intValue()).isEqualTo(2);
    }

    /** wren-moe in bfloat16: counted by hand from its config. */
    @Test
    void countsTheBytesOfOneToken() {
        JsonNode config = Checkpoint.readJson(Path.of(WREN, "config.json"));
        long hidden = config.path("hidden_size").longValue();
        long layers = config.path("num_hidden_layers").longValue();
        long keys = config.path("head_dim").longValue() * config.path("num_key_value_heads").longValue();
        long experts = config.path("num_experts").longValue();
        long expert = 3 * hidden * config.path("moe_intermediate_size").longValue();
        long always = layers * (2 * hidden * hidden + 2 * hidden * keys + experts * hidden) + (config.path("vocab_size").longValue() + 1) * hidden;
        long routed = layers * config.path("num_experts_per_tok").longValue() * expert;
        JsonNode result = JsonMapper.builder().build()
                .readTree(Run.mojave("bench", WREN, "-p", "0", "-n", "1", "-r", "1", "--warm-up", "0", "--json", "-q").out());
        assertThat(result.path("activeExpertBytesPerToken").longValue()).isEqualTo(2 * routed);
        assertThat(result.path("activeBytesPerToken").longValue()).isEqualTo(2 * (always + routed));
    }

    @Test
    void severalSequencesStepTogetherThroughTheLauncher() throws Exception {
        Run run = Launcher.ofRepository().run("bench", WREN, "-p", "8", "-n", "4", "--batch", "1,3", "-r", "1", "--warm-up", "0", "--json", "-q");
        JsonNode tests = JsonMapper.builder().build().readTree(run.out()).path("tests");
        assertThat(tests.valueStream().map(test -> test.path("test").stringValue())).containsExactly("pp8", "tg4", "tg4x3");
        assertThat(tests.get(1).has("fractionOfLimit")).isTrue();
        assertThat(tests.get(2).has("fractionOfLimit")).isFalse();
        JsonNode older = JsonMapper.builder().build()
                .readTree(Run.mojave("bench", WREN, "-p", "0", "-n", "4", "--sequences", "2", "-r", "1", "--warm-up", "0", "--json", "-q").out());
        assertThat(older.path("tests").get(0).path("test").stringValue()).isEqualTo("tg4x2");
    }

    @Test
    void saysWhatWasPredicted() {
        for (String memory : new String[] {"1GB", "285MB"}) {
            JsonNode result = JsonMapper.builder().build().readTree(
                    Run.mojave("bench", WREN, "-p", "8", "-n", "12", "-r", "1", "--warm-up", "0", "--memory", memory, "--json", "-q").out());
            assertThat(result.path("tests").get(0).has("predictedTokensPerSecond")).isFalse();
            JsonNode generation = result.path("tests").get(1);
            assertThat(generation.path("predictedTokensPerSecond").doubleValue())
                    .isBetween(0.1, generation.path("overlappedTokensPerSecond").doubleValue());
        }
        Run text = Run.mojave("bench", WREN, "-p", "0", "-n", "12", "-r", "1", "--warm-up", "0", "--memory", "285MB", "-q");
        assertThat(text.out()).contains("predicted").contains("achieved").contains("tg12, predicted: ");
        assertThat(Run.mojave("bench", WREN, "-p", "0", "-n", "4", "-r", "1", "--warm-up", "0", "--prune-rate", "20%", "--json", "-q").out())
                .as("skipped experts are not in the model").doesNotContain("predictedTokensPerSecond");
    }

    /** 6 layers of 16 experts, 2 per token, all alike: with n slots about n/96 of the experts are in memory. */
    @Test
    void routesCanBeForced(@TempDir Path folder) {
        double uniform = streamedHits("uniform");
        double skewed = streamedHits("zipf:2");
        assertThat(uniform).isLessThan(skewed);
        String trace = folder.resolve("prose.trace").toString();
        Run.mojave("trace", "record", WREN, "--text", ROOT.resolve("examples/evaluation/prose.txt").toString(), "--tokens", "60", "--out", trace, "-q");
        assertThat(streamedHits(trace)).isBetween(0.0, 1.0);
        Run text = Run.mojave("bench", WREN, "-p", "0", "-n", "12", "-r", "1", "--warm-up", "0", "--memory", "285MB", "--routes", "zipf:1:0.3", "-q");
        assertThat(text.out()).contains("tg12, measured: ").contains("while it was reading").contains("with the disk as fast as it was then");
    }

    private static double streamedHits(String routes) {
        Run run = Run.mojave("bench", WREN, "-p", "0", "-n", "64", "-r", "2", "--warm-up", "0", "--memory", "285MB", "--routes", routes, "--json", "-q");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode test = JsonMapper.builder().build().readTree(run.out()).path("tests").get(0);
        assertThat(test.path("predictedHitRate").doubleValue()).as("other routes of the same kind")
                .isCloseTo(test.path("experts").path("hitRate").doubleValue(), within(0.12));
        return test.path("experts").path("hitRate").doubleValue();
    }

    @Test
    void showsTables() {
        Run text = Run.mojave("bench", WREN, "-p", "8", "-n", "2", "-r", "1", "--warm-up", "0", "--kernels", "java");
        assertThat(text.code()).as(text.err()).isZero();
        assertThat(text.err()).startsWith("Kernels: ").contains(" for bf16 (--kernels java)\n");
        assertThat(text.out()).contains("of the memory's limit").contains("pp8").contains("tg2").contains("A token reads ");
        Run markdown = Run.mojave("bench", WREN, "-p", "8", "-n", "2", "-r", "1", "--warm-up", "0", "--markdown", "-q");
        List<String> lines = markdown.out().lines().toList();
        assertThat(lines).hasSize(4).allMatch(line -> line.startsWith("| ") && line.endsWith(" |")
                && line.chars().filter(c -> c == '|').count() == 9);
        assertThat(lines.get(2)).contains(" pp8 ");
        assertThat(lines.get(3)).contains(" tg2 ").contains(" % of ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            bench WREN -p 0 -n 0               | 2 | nothing to measure
            bench WREN -p -1                   | 2 | -p must be 0 or more
            bench WREN -p x                    | 2 | -p
            bench WREN --batch 0               | 2 | --batch must be between 1 and 256
            bench WREN --batch 4,257           | 2 | --batch must be between 1 and 256
            bench WREN -r 0                    | 2 | -r must be at least 1
            bench WREN --warm-up -1            | 2 | --warm-up must be 0 or more
            bench WREN --routes round          | 2 | --routes 'round' is neither
            bench WREN --routes zipf:1:2       | 2 | --routes 'zipf:1:2' is neither
            bench WREN --json --markdown       | 2 | not both
            bench WREN -p 512,1025             | 2 | pp1025 is longer than the model's context of 1024
            bench nowhere                      | 4 | nowhere: no such folder
            """)
    void mistakesAreOneClearLine(String command, int code, String message) {
        Run run = Run.mojave(command.replace("WREN", WREN).split(" +"));
        assertThat(run.err().lines()).singleElement().asString().startsWith("mojave: ").contains(message);
        assertThat(run.code()).isEqualTo(code);
        assertThat(run.out()).isEmpty();
    }
}
