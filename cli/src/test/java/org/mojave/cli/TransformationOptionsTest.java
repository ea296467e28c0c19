package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
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

/** Smoothing, rotation, rounded routers and activations on the bundled model, from the command line. */
final class TransformationOptionsTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final String WREN = ROOT.resolve("examples/wren-moe").toString();
    private static final String TEXT = ROOT.resolve("examples/evaluation/prose.txt").toString();

    @TempDir
    Path folder;

    private String[] compress(String name, String... more) {
        List<String> arguments = new ArrayList<>(List.of("compress", WREN, "--out", folder.resolve(name).toString(), "--sequences", "4",
                "--length", "64", "--method", "rtn", "--group-size", "row", "--quiet", "--eval", TEXT));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    private static double perplexity(Run eval) {
        assertThat(eval.code()).as(eval.err()).isZero();
        return JsonMapper.shared().readTree(eval.out()).path("texts").get(0).path("perplexity").path("value").doubleValue();
    }

    private Run eval(String name, String... more) {
        List<String> arguments = new ArrayList<>(List.of("eval", folder.resolve(name).toString(), "--text", TEXT, "--windows", "4", "--json", "-q"));
        arguments.addAll(List.of(more));
        return Run.mojave(arguments.toArray(String[]::new));
    }

    @Test
    void aSmoothedModelForFourBitActivationsIsMadeAndMeasuredThroughTheLauncher() throws IOException, InterruptedException {
        Run made = Launcher.ofRepository().run(compress("w8a4", "--bits", "8", "--smoothing", "max_gate", "--outlier-scaling", "--router-bits", "8",
                "--activations", "4"));
        assertThat(made.code()).as(made.err()).isZero();
        JsonNode report = Checkpoint.readJson(folder.resolve("w8a4/report.json"));
        JsonNode wish = report.path("recipe").path("transformation");
        assertThat(wish.path("smoothing").asString()).isEqualTo("max_gate");
        assertThat(wish.path("outlier_scaling").asBoolean()).isTrue();
        assertThat(wish.path("router_bits").asInt()).isEqualTo(8);
        assertThat(wish.path("activations").asString()).isEqualTo("4a0.9");
        assertThat(report.path("routers").size()).isEqualTo(6);
        assertThat(report.path("quality").path("divergence").asDouble()).as("measured with rounded activations").isBetween(0.01, 1.0);
        double floats = perplexity(eval("w8a4"));
        double eight = perplexity(eval("w8a4", "--activations", "8"));
        double four = perplexity(eval("w8a4", "--activations", "4"));
        assertThat(eight / floats).isBetween(0.98, 1.02);
        assertThat(four / floats).isBetween(1.01, 2.0);
        assertThat(Run.mojave("eval", folder.resolve("w8a4").toString(), "--text", TEXT, "--windows", "1").err())
                .contains("measure them with --activations 4a0.9");
    }

    @Test
    void aRotatedModelHasAHeadOfItsOwnAndRuns() {
        Run made = Run.mojave(compress("rotated", "--bits", "8", "--rotation"));
        assertThat(made.code()).as(made.err()).isZero();
        assertThat(Checkpoint.readJson(folder.resolve("rotated/config.json")).path("tie_word_embeddings").asBoolean()).isFalse();
        assertThat(Checkpoint.readJson(folder.resolve("rotated/report.json")).path("quality").path("divergence").asDouble()).isLessThan(0.01);
        assertThat(Run.mojave("run", folder.resolve("rotated").toString(), "-p", "The wren is", "-n", "4").code()).isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --smoothing maximal               | not a smoothing mode: 'maximal'
            --smoothing max --rotation        | give --smoothing or --rotation
            --router-bits 9                   | --router-bits must be 2 to 8, not 9
            --router-bits 8 --router-damping 0.01 | give one of them
            --activations 9                   | not a way to round activations: '9'
            --smoothing max --smoothing-strength 2 | --smoothing-strength must be between 0 and 1, not 2.0
            """)
    void nonsenseIsRefusedInOneLine(String options, String said) {
        Run run = Run.mojave(compress("none", options.split(" ")));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err().lines()).singleElement().asString().contains(said);
    }

    @Test
    void roundedActivationsNeedCodes() {
        Run floats = Run.mojave("eval", WREN, "--text", TEXT, "--activations", "4");
        assertThat(floats.code()).isEqualTo(3);
        assertThat(floats.err().lines()).singleElement().asString().contains("compress the model first");
        Run kernels = Run.mojave("eval", WREN, "--text", TEXT, "--activations", "4", "--kernels", "java");
        assertThat(kernels.code()).isEqualTo(2);
        assertThat(kernels.err()).contains("leave out --kernels");
    }
}
