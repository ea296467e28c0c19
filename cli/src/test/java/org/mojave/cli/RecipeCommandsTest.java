package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.cli.recipes.Presets;
import org.mojave.format.checkpoint.Checkpoint;
import tools.jackson.databind.JsonNode;

/** Recipes and presets through the commands that take them. */
final class RecipeCommandsTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));

    @TempDir
    static Path models;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeModel() throws IOException, InterruptedException {
        assertThat(Launcher.ofRepository().run("--version").code()).as("built").isZero();
        new SmallModel(2, 4, 64).make(Path.of(model()));
    }

    private static String model() {
        return models.resolve("model").toString();
    }

    private String[] compress(String name, String... more) {
        List<String> arguments = new ArrayList<>(List.of("compress", model(), "--out", folder.resolve(name).toString(), "--sequences", "6",
                "--length", "40", "--quiet", "--eval", ROOT.resolve("examples/evaluation/prose.txt").toString()));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    private JsonNode report(String name) {
        return Checkpoint.readJson(folder.resolve(name).resolve("report.json"));
    }

    static List<String> presets() {
        return Presets.NAMES;
    }

    @Test
    void everyFileOfTheFolderIsAPreset() throws IOException {
        try (Stream<Path> files = Files.list(ROOT.resolve("recipes"))) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrderElementsOf(
                    Presets.NAMES.stream().map(name -> name + ".yaml").toList());
        }
        for (String name : Presets.NAMES) {
            assertThat(Presets.text(name)).isEqualTo(Files.readString(ROOT.resolve("recipes").resolve(name + ".yaml")));
            assertThat(Presets.description(name)).isNotBlank();
        }
    }

    @ParameterizedTest
    @MethodSource("presets")
    void everyPresetMakesAModel(String preset) {
        // A tiny model has more padding and headers than weights, so that 2.5 bits are below its floor.
        String[] more = Presets.text(preset).contains("target-bits") ? new String[] {"--target-bits", "9.3"} : new String[0];
        Run run = Run.mojave(compress(preset, Stream.concat(Stream.of("--preset", preset), Stream.of(more)).toArray(String[]::new)));
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode recipe = report(preset).path("recipe");
        assertThat(recipe.path("sequences").asInt()).as("the command line counts more").isEqualTo(6);
        switch (preset) {
            case "balanced-4bit" -> assertThat(recipe.path("balance").asDouble()).isEqualTo(2);
            case "mixed-2.5bit" -> assertThat(recipe.path("target").asString()).isEqualTo("9.3bits");
            case "mc-paper" -> {
                assertThat(recipe.path("allocation").asString()).isEqualTo("pmq");
                assertThat(report(preset).path("matrices").valueStream().filter(m -> m.path("matrix").asString().contains(".experts."))
                        .map(m -> m.path("storage").asString()).distinct()).isSubsetOf("1g128b", "2g128a", "3g128a").hasSizeGreaterThan(1);
            }
            case "fast-rtn" -> assertThat(recipe.path("method").asString()).isEqualTo("rtn");
            case "moequant-paper" -> {
                assertThat(recipe.path("affinity_power").asInt()).isEqualTo(1);
                assertThat(recipe.path("matching").asBoolean()).isFalse();
                assertThat(recipe.path("shrinkage").asDouble() + recipe.path("sweeps").asInt()).isZero();
                assertThat(report(preset).path("calibration").path("files").get(0).asString()).isEqualTo("moequant-paper-tokens.json");
            }
            case "eaquant-w4a4" -> assertThat(recipe.path("transformation").toString()).contains("max_gate", "outlier_scaling", "router_bits", "4a0.9");
            default -> throw new AssertionError("nothing is known of " + preset);
        }
    }

    @Test
    void aRecipeWithRulesThroughTheLauncher() throws IOException, InterruptedException {
        Path recipe = Files.writeString(folder.resolve("mine.yaml"), """
                description: three bits, attention at eight, the first layer's experts as they are
                method: rtn
                bits: 3
                rules:
                  - match: {role: attention}
                    bits: 8
                  - match: {role: expert, pattern: "model.layers.0.*"}
                    keep: true
                """);
        Run run = Launcher.ofRepository().run(compress("out", "--recipe", recipe.toString(), "--group-size", "32"));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).containsPattern("matrices +quantized +kept +fell back +bits/weight +least tokens +largest error +of\n")
                .containsPattern("attention +8 +0 +0 +9\\.00 ").containsPattern("expert +12 +12 +0 +10\\.00 .*layers\\.1\\.experts\\.");
        assertThat(report("out").path("roles").valueStream().map(role -> role.path("role").asString()))
                .containsExactly("embedding", "attention", "router", "expert");
        JsonNode schemes = Checkpoint.readJson(folder.resolve("out/config.json")).path("quantization_config").path("matrices");
        assertThat(schemes.path("layers.0.key").asString()).isEqualTo("8g32a");
        assertThat(schemes.path("layers.1.experts.0.up").asString()).isEqualTo("3g32a");
        assertThat(schemes.has("layers.0.experts.0.up")).isFalse();
        assertThat(report("out").path("recipe").path("rules").valueStream().map(JsonNode::asString))
                .containsExactly("attention=8", "expert@model.layers.0.*=keep");
        assertThat(Run.mojave("run", folder.resolve("out").toString(), "-p", "The wren", "-n", "3", "--quiet").code()).isZero();
    }

    @Test
    void mistakesAreToldThroughTheLauncherBeforeAnyWork() throws IOException, InterruptedException {
        Path unknown = Files.writeString(folder.resolve("unknown.yaml"), "bits: 3\n\ngroupsize: 64\n");
        Run run = Launcher.ofRepository().run(compress("out", "--recipe", unknown.toString()));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).isEqualTo("mojave: " + unknown + ":3: unknown key 'groupsize'; the nearest is 'group-size' "
                + "(keys are the long options of mojave compress)\n");
        Run rule = Launcher.ofRepository().run(compress("out", "--rule", "expert@layers.5.*=4"));
        assertThat(rule.code()).isEqualTo(2);
        assertThat(rule.err()).hasLineCount(1).startsWith("mojave: rule 'expert@layers.5.*=4' matches no matrix that could be quantized; the model "
                + "has the roles attention, expert, embedding, router and names like embedding, layers.0.query, layers.0.experts.0.gate");
        assertThat(folder.resolve("out.partial")).doesNotExist();
        Run none = Run.mojave("plan", model(), "--preset", "best");
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).hasLineCount(1).contains("no such preset; write balanced-4bit, ");
    }

    @Test
    void theModelWritesItsOwnTextOnceAndOtherWishesAreRefused() throws IOException {
        Run run = Run.mojave(compress("out", "--sample", "--bits", "3"));
        assertThat(run.code()).as(run.err()).isZero();
        Path tokens = folder.resolve("out-tokens.json");
        byte[] first = Files.readAllBytes(tokens);
        assertThat(Run.mojave(compress("out", "--sample", "--bits", "4", "--overwrite")).code()).isZero();
        assertThat(Files.readAllBytes(tokens)).isEqualTo(first);
        Files.createDirectory(folder.resolve("other"));
        Run other = Run.mojave(compress("out", "--sample", "--seed", "5"));
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err()).hasLineCount(1).contains("out-tokens.json: holds tokens of another model or made with other options");
        Run both = Run.mojave(compress("out", "--sample", "--balance", "--overwrite"));
        assertThat(both.code()).isEqualTo(2);
        assertThat(both.err()).contains("leave out --calibration and --balance");
        Run plan = Run.mojave("plan", model(), "--sample", "--target-bits", "9");
        assertThat(plan.code()).isEqualTo(2);
        assertThat(plan.err()).contains("mojave sample");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --allocation pmq                             | give --target-bits or --target-size
            --allocation pmq --target-bits 9 --method rtn | which only gptq makes
            --allocation best --target-bits 9            | unknown allocation 'best'; write global, pmq, uniform, frequency
            --allocation uniform --target-bits 3         | --target-bits 3.0 is too small for this model: the smallest plan has
            --target-bits 3                              | --target-bits 3.0 is too small for this model: the smallest plan has
            --target-bits 9 --bits 4                     | leave out --bits
            """)
    void impossibleAllocationsAreToldInOneLine(String options, String told) {
        Run run = Run.mojave(compress("none", options.split(" ")));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).hasLineCount(1).contains(told);
        assertThat(folder.resolve("none.partial")).doesNotExist();
    }

    @Test
    void presetsAreListedAndShown() {
        Run list = Run.mojave("recipes");
        assertThat(list.code()).isZero();
        assertThat(list.out()).contains(Presets.NAMES);
        assertThat(Run.mojave("recipes", "fast-rtn").out()).contains("method: rtn");
        assertThat(Run.mojave("recipes", "--json").out()).contains("\"fast-rtn\" : \"4 bits by rounding");
        assertThat(Run.mojave("recipes", "best").code()).isEqualTo(2);
    }
}
