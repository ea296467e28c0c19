package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.checkpoint.Checkpoint;
import tools.jackson.databind.JsonNode;

/** {@code mojave compress --balance} on the bundled model. */
final class BalancedCompressTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));

    @TempDir
    Path folder;

    private JsonNode compressed(String name, String... more) {
        List<String> arguments = new ArrayList<>(List.of("compress", ROOT.resolve("examples/wren-moe").toString(), "--out",
                folder.resolve(name).toString(), "--sequences", "16", "--length", "32", "--quiet", "--eval",
                ROOT + "/examples/evaluation/prose.txt"));
        arguments.addAll(List.of(more));
        Run run = Run.mojave(arguments.toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
        return Checkpoint.readJson(folder.resolve(name).resolve("report.json"));
    }

    private static int leastTokens(JsonNode report) {
        int least = Integer.MAX_VALUE;
        for (JsonNode matrix : report.path("matrices")) {
            if (matrix.path("matrix").asString().matches("layers\\.\\d+\\.experts\\.\\d+\\.down")) {
                least = Math.min(least, matrix.path("tokens").asInt());
            }
        }
        return least;
    }

    @Test
    void everyExpertGetsItsTokensAndTheReportSaysHow() {
        JsonNode plain = compressed("plain");
        JsonNode balanced = compressed("balanced", "--balance", "0.9");
        // 0.9 · 2 of 16 experts · 512 tokens
        assertThat(leastTokens(plain)).isLessThan(50);
        assertThat(leastTokens(balanced)).as("chosen by the original, counted in the quantized model").isGreaterThan(leastTokens(plain));
        JsonNode event = balanced.path("events").get(0);
        assertThat(event.path("kind").asString()).isEqualTo("balanced_calibration");
        assertThat(event.path("required").asInt()).isEqualTo(58);
        assertThat(event.path("pool").asInt()).isEqualTo(64);
        assertThat(event.path("sequences").asInt()).isEqualTo(balanced.path("calibration").path("sequences").asInt());
        assertThat(balanced.path("recipe").path("balance").asDouble()).isEqualTo(0.9);
    }
}
