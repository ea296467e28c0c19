package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class TraceCommandTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final String WREN = ROOT.resolve("examples/wren-moe").toString();

    @TempDir
    Path folder;

    @Test
    void whatIsRecordedCanBeReplayed() {
        String trace = folder.resolve("prose.trace").toString();
        String prose = ROOT.resolve("examples/evaluation/prose.txt").toString();
        Run recorded = Run.mojave("trace", "record", WREN, "--text", prose, "--tokens", "300", "--window", "200", "--out", trace, "-q");
        assertThat(recorded.code()).as(recorded.err()).isZero();
        assertThat(recorded.out()).contains("300 tokens, 12 experts each, out of 96");
        Run table = Run.mojave("trace", "replay", trace, "--slots", "24");
        assertThat(table.code()).as(table.err()).isZero();
        assertThat(table.out()).contains("LRU").contains("LFU").contains("Mojave").contains("Belady");
        JsonNode json = JsonMapper.shared().readTree(Run.mojave("trace", "replay", trace, "--slots", "12,96", "--json").out());
        assertThat(json.get("tokens").asInt()).isEqualTo(300);
        assertThat(json.get("replays")).hasSize(8);
        double belady = json.get("replays").get(3).get("hitRate").asDouble();
        for (int i = 0; i < 3; i++) {
            assertThat(json.get("replays").get(i).get("hitRate").asDouble()).isBetween(0.0, belady);
        }
        assertThat(json.get("replays").get(4).get("requests").asInt()).isEqualTo(3600);
        assertThat(json.get("replays").get(4).get("hits").asInt()).as("all fit: each is read once").isBetween(3600 - 96, 3599);
        Run again = Run.mojave("trace", "record", WREN, "--text", prose, "--out", trace);
        assertThat(again.code()).isEqualTo(2);
        assertThat(again.err()).contains("exists already");
    }

    /** The routers, asked before attention, know more than paths, and those more than what is frequent. */
    @Test
    void predictorsAreComparedOnOneTrace() {
        String trace = folder.resolve("prose.trace").toString();
        String guesses = folder.resolve("prose.guesses").toString();
        Run recorded = Run.mojave("trace", "record", WREN, "--text", ROOT.resolve("examples/evaluation/prose.txt").toString(), "--tokens", "700", "--out", trace,
                "--guesses", guesses, "-q");
        assertThat(recorded.code()).as(recorded.err()).isZero();
        JsonNode predictions = JsonMapper.shared().readTree(Run.mojave("trace", "replay", trace, "--slots", "24", "--guesses", guesses, "--json").out()).get("predictions");
        assertThat(predictions).hasSize(3);
        double frequency = predictions.get(0).get("ofMissing").asDouble();
        double paths = predictions.get(1).get("ofMissing").asDouble();
        double router = predictions.get(2).get("ofMissing").asDouble();
        assertThat(frequency).isLessThan(paths);
        assertThat(paths).isLessThan(router);
        Run table = Run.mojave("trace", "replay", trace, "--slots", "24");
        assertThat(table.out()).contains("predictor").contains("paths").doesNotContain("router");
        Run other = Run.mojave("trace", "replay", trace, "--slots", "24", "--guesses", WREN + "/config.json");
        assertThat(other.code()).isEqualTo(4);
        Run twice = Run.mojave("trace", "record", WREN, "--text", trace, "--out", folder.resolve("x").toString(), "--guesses", guesses);
        assertThat(twice.code()).isEqualTo(2);
    }

    @Test
    void mistakesAreOneLine() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "no trace at all, but a text");
        Run other = Run.mojave("trace", "replay", text.toString(), "--slots", "4");
        assertThat(other.code()).isEqualTo(4);
        assertThat(other.err()).hasLineCount(1).contains(text.toString()).contains("is not a route trace");
        Run none = Run.mojave("trace", "replay", text.toString(), "--slots", "0");
        assertThat(none.code()).isEqualTo(2);
        Run nothing = Run.mojave("trace");
        assertThat(nothing.code()).isEqualTo(2);
        assertThat(nothing.err()).hasLineCount(1).contains("record");
    }
}
