package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code mojave plan}, and {@code mojave compress} with a target. */
class PlanCommandTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));

    @TempDir
    static Path models;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeModel() throws IOException {
        new SmallModel(2, 4, 64).make(Path.of(model()));
    }

    private static String model() {
        return models.resolve("model").toString();
    }

    private static JsonNode plan(String... options) {
        Run run = Run.mojave(Stream.concat(Stream.of("plan", model(), "--json", "--quiet", "--sequences", "8", "--length", "32"),
                Stream.of(options)).toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
        return JsonMapper.shared().readTree(run.out());
    }

    @Test
    void compressMakesWhatPlanSays() throws IOException {
        long size = plan("--bits", "4").path("bytes").asLong() * 9 / 10;
        JsonNode plan = plan("--target-size", String.valueOf(size));
        assertThat(plan.path("bytes").asLong()).isBetween(size * 995 / 1000, size);
        assertThat(plan.path("estimatedDivergence").asDouble()).isPositive();
        assertThat(plan.path("schemes").path("gate").propertyStream().mapToInt(count -> count.getValue().asInt()).sum()).isEqualTo(8);

        Path output = folder.resolve("out");
        Run run = Run.mojave("compress", model(), "--out", output.toString(), "--target-size", String.valueOf(size), "--sequences", "8",
                "--length", "32", "--quiet");
        assertThat(run.code()).as(run.err()).isZero();
        try (Stream<Path> files = Files.list(output)) {
            assertThat(files.filter(file -> !file.endsWith("report.json")).mapToLong(file -> file.toFile().length()).sum())
                    .isEqualTo(plan.path("bytes").asLong());
        }
        assertThat(Run.mojave("run", output.toString(), "-p", "The wren", "-n", "3", "--quiet").code()).isZero();
    }

    @Test
    void costsCanFollowTheLossGradient() {
        long size = plan("--bits", "4").path("bytes").asLong() * 8 / 10;
        JsonNode plan = plan("--target-size", String.valueOf(size), "--costs", "gradient");
        Path output = folder.resolve("out");
        Run run = Run.mojave("compress", model(), "--out", output.toString(), "--target-size", String.valueOf(size), "--costs", "gradient",
                "--sequences", "8", "--length", "32", "--quiet", "--json");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode report = JsonMapper.shared().readTree(run.out());
        assertThat(report.path("result").path("bytes").asLong()).isEqualTo(plan.path("bytes").asLong()).isBetween(size * 99 / 100, size);
        assertThat(report.path("recipe").path("costs").asString()).isEqualTo("gradient");
    }

    @Test
    void tiedExpertsHaveOneSchemeInEveryLayer() {
        long size = plan("--bits", "4").path("bytes").asLong() * 8 / 10;
        Path output = folder.resolve("out");
        Run run = Run.mojave("compress", model(), "--out", output.toString(), "--target-size", String.valueOf(size), "--tie", "fused",
                "--sequences", "8", "--length", "32", "--quiet", "--json");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode report = JsonMapper.shared().readTree(run.out());
        assertThat(report.path("result").path("bytes").asLong()).isBetween(size * 9 / 10, size);
        assertThat(report.path("recipe").path("tie").asString()).isEqualTo("fused");
        for (String layer : new String[] {"layers.0", "layers.1"}) {
            for (String matrices : new String[] {"experts\\.\\d+\\.(gate|up)", "experts\\.\\d+\\.down", "(query|key|value)"}) {
                assertThat(report.path("matrices").valueStream().filter(m -> m.path("matrix").asString().matches(layer + "\\." + matrices))
                        .map(m -> m.path("storage").asString()).distinct()).as("%s %s", layer, matrices).hasSize(1);
            }
        }
    }

    @Test
    void expertsAloneMayShareOtherBits() {
        long size = plan("--bits", "3", "--group-size", "64").path("bytes").asLong();
        JsonNode plan = plan("--target-size", String.valueOf(size), "--allocation", "pmq", "--expert-bits", "2,3,4", "--bits", "3");
        assertThat(plan.path("bytes").asLong()).isBetween(size * 95 / 100, size);
        assertThat(plan.path("schemes").path("gate").propertyNames()).contains("2g64a", "3g64a").isSubsetOf("2g64a", "3g64a", "4g64a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rtn", "hqq", "awq"})
    void everyMethodCanBeGivenASize(String method) {
        long size = plan("--bits", "4").path("bytes").asLong() * 9 / 10;
        Path output = folder.resolve("out");
        Run run = Run.mojave("compress", model(), "--out", output.toString(), "--target-size", String.valueOf(size), "--method", method,
                "--sequences", "8", "--length", "32", "--quiet", "--json");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode report = JsonMapper.shared().readTree(run.out());
        assertThat(report.path("result").path("bytes").asLong()).isBetween(size * 99 / 100, size);
        assertThat(report.path("matrices").valueStream().filter(m -> m.path("matrix").asString().contains(".experts."))
                .map(m -> m.path("state").asString()).distinct()).containsExactly(method);
        assertThat(report.path("matrices").valueStream().map(m -> m.path("storage").asString()).distinct().count()).isGreaterThan(2);
    }

    @Test
    void saysSizesAndSchemesInWords() {
        Run run = Run.mojave("plan", model(), "--bits", "3", "--quiet");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("bits per weight (original: ").containsPattern("gate +8  3g64a").containsPattern("router +2  kept")
                .doesNotContain("Estimated");
        assertThat(Run.mojave("plan", model(), "--target-bits", "40", "--sequences", "8", "--length", "32", "--quiet").out())
                .contains("Estimated divergence from the original: ").containsPattern("embedding +1  8g128s");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --target-bits 3 --target-size 1MB | give one of them
            --target-bits 3 --bits 4          | leave out --bits
            --target-bits 3 --group-size 32   | leave out --group-size
            --method best                     | unknown method 'best'; write rtn, hqq, awq, gptq
            --target-bits 3 --costs best      | unknown costs 'best'; write output or gradient
            --bits 3 --costs gradient         | is for the plan of a target; give --target-bits
            --target-bits 3 --costs gradient --allocation pmq | leave out --allocation pmq
            --target-bits 3 --tie layers      | unknown tie 'layers'; write none, experts, fused
            --bits 3 --tie experts            | --tie experts is for the plan of a target; give --target-bits
            --target-bits 3 --tie fused --allocation pmq | leave out --allocation pmq
            --target-bits 3 --allocation pmq --method rtn | give --expert-bits 2,3 or 2,3,4, or leave out --method rtn
            --target-bits 3 --expert-bits 2,3 | give --allocation pmq
            --target-bits 3 --expert-bits 2,5 --allocation pmq | --expert-bits must be
            --target-bits 0                   | --target-bits must be between 0 and 64
            --target-bits 0.1                 | the smallest plan has
            """)
    void contradictionsAndImpossibleWishesAreToldInOneLine(String options, String told) {
        Run run = Run.mojave(Stream.concat(Stream.of("plan", model()), Stream.of(options.split(" "))).toArray(String[]::new));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err().strip().lines()).hasSize(1).first().asString().contains(told);
    }

    @Test
    void sayHowFastTheModelWillRun() {
        String wren = ROOT.resolve("examples/wren-moe").toString();
        Run run = Run.mojave("plan", wren, "--run", "--tokens", "16", "--json", "--quiet");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode json = JsonMapper.shared().readTree(run.out());
        assertThat(json.path("forecasts")).hasSize(5);
        assertThat(json.path("forecasts").get(0).path("store").asString()).isEqualTo("resident");
        double hits = 0;
        for (int i = 1; i < 5; i++) {
            JsonNode forecast = json.path("forecasts").get(i);
            assertThat(forecast.path("hitRate").asDouble()).isGreaterThan(hits);
            hits = forecast.path("hitRate").asDouble();
            assertThat(forecast.path("tokensPerSecond").asDouble()).isBetween(1e-3, forecast.path("overlappedTokensPerSecond").asDouble());
        }
        assertThat(hits).as("three quarters of the experts are held").isBetween(0.7, 0.8);
        Path trace = folder.resolve("trace");
        Run recorded = Run.mojave("trace", "record", wren, "--text", ROOT.resolve("examples/evaluation/prose.txt").toString(), "--tokens", "90", "--out",
                trace.toString(), "-q");
        assertThat(recorded.code()).as(recorded.err()).isZero();
        Run limited = Run.mojave("plan", wren, "--run", "--tokens", "16", "--memory", "290MB", "--trace", trace.toString(), "-q");
        assertThat(limited.code()).as(limited.err()).isZero();
        assertThat(limited.out()).contains("resident").contains("streamed").contains("as in " + trace);
        Run other = Run.mojave("plan", model(), "--run", "--trace", trace.toString(), "-q");
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err()).contains("other layers");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --run --bits 4       | 2 | --bits does not go with --run
            --run --zipf -1      | 2 | --zipf must be
            --run --tokens 0     | 2 | --tokens must be
            --run --memory 100MB | 5 | needs at least --memory
            --zipf 1             | 2 | --run
            """)
    void runForecastsRefuseInOneLine(String options, int code, String message) {
        Run run = Run.mojave(Stream.concat(Stream.of("plan", model(), "-q"), Stream.of(options.split(" +"))).toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isEqualTo(code);
        assertThat(run.err()).hasLineCount(1).contains(message);
    }
}
