package org.mojave.cli.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mojave.compress.recipe.RecipeException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What becomes of the arguments, with a small command in place of {@code compress}. */
class RecipeArgumentsTest {
    @TempDir
    Path folder;

    /** Options that a recipe may name. */
    @SuppressWarnings("unused")
    static final class Wishes {
        @Option(names = "--recipe")
        private Path recipe;

        @Option(names = "--preset")
        private String preset;

        @Option(names = "--bits")
        private Integer bits;

        @Option(names = "--group-size")
        private String groupSize;

        @Option(names = "--target-bits")
        private Double targetBits;

        @Option(names = "--allocation")
        private String allocation;

        @Option(names = "--rotation")
        private boolean rotation;

        @Option(names = "--smoothing")
        private String smoothing;

        @Option(names = "--calibration", arity = "1..*")
        private List<Path> calibration;

        @Option(names = "--rule")
        private List<String> rules;
    }

    @Command(name = "make")
    @SuppressWarnings("unused")
    static final class Make {
        @Parameters
        private Path model;

        @Option(names = "--out")
        private Path output;

        @Option(names = "--seed")
        private long seed;

        @Mixin
        private Wishes wishes;
    }

    @Command(name = "program", subcommands = Make.class)
    static final class Program {}

    private String[] expanded(String yaml, String... more) throws IOException {
        Path file = Files.writeString(folder.resolve("mine.yaml"), yaml);
        String[] arguments = Stream.concat(Stream.of("make", "model", "--recipe", file.toString()), Stream.of(more)).toArray(String[]::new);
        CommandLine program = new CommandLine(new Program());
        String[] all = RecipeArguments.expand(program, arguments);
        program.parseArgs(all);
        return Stream.of(all).filter(argument -> !List.of("make", "model", "--recipe", file.toString()).contains(argument)).toArray(String[]::new);
    }

    @Test
    void keysBecomeOptionsBehindTheOthersAndRulesBeforeThem() throws IOException {
        assertThat(expanded("""
                description: all kinds of values
                bits: 3
                rotation: true
                seed: 7
                calibration: [a.txt, sub/b.txt]
                rules:
                  - match: {role: attention}
                    bits: 8
                  - {match: {role: expert, pattern: "layers.0.*"}, keep: true}
                  - match:
                      pattern: "*.down"
                    scheme: 4g64s6
                """, "--rule", "head=8", "--out", "x")).containsExactly("--rule=attention=8", "--rule=expert@layers.0.*=keep", "--rule=@*.down=4g64s6",
                        "--rule", "head=8", "--out", "x", "--bits=3", "--rotation", "--seed=7", "--calibration",
                        folder.resolve("a.txt").toString(), folder.resolve("sub/b.txt").toString());
        assertThat(expanded("", "--bits", "2")).containsExactly("--bits", "2");
        assertThat(expanded("rotation: false\n")).isEmpty();
    }

    @Test
    void theCommandLineCountsMore() throws IOException {
        String recipe = "bits: 3\ngroup-size: row\nrotation: true\n";
        assertThat(expanded(recipe, "--bits", "2")).containsExactly("--bits", "2", "--group-size=row", "--rotation");
        assertThat(expanded(recipe, "--target-bits=2.5")).containsExactly("--target-bits=2.5", "--rotation");
        assertThat(expanded(recipe, "--smoothing", "max")).containsExactly("--smoothing", "max", "--bits=3", "--group-size=row");
        assertThat(expanded("target-bits: 2.5\n", "--bits", "3")).containsExactly("--bits", "3");
        assertThat(expanded("target-bits: 2.5\nbits: 4\nallocation: pmq\n", "--bits", "3")).containsExactly("--bits", "3", "--target-bits=2.5",
                "--allocation=pmq");
        assertThat(expanded("target-bits: 2.5\nbits: 4\n", "--target-bits", "3")).containsExactly("--target-bits", "3", "--bits=4");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            bits: 3\\ntarget-bit: 2 | mine.yaml:2: unknown key 'target-bit'; the nearest is 'target-bits'
            out: x               | mine.yaml:1: unknown key 'out'; the nearest is
            rule: attention=8    | mine.yaml:1: rules are a list under the key rules
            bits: 3\\nbits: 4    | mine.yaml:2: Duplicate
            bits: many           | mine.yaml:1: bits needs a number, not 'many'
            bits: [3, 4]         | mine.yaml:1: bits takes one value, not 2
            bits:                | mine.yaml:1: bits needs a value
            rotation: maybe      | mine.yaml:1: rotation is true or false, not 'maybe'
            - bits               | mine.yaml:1: a recipe is a list of keys and values
            rules: {a: 1}        | mine.yaml:1: rules are a list
            rules:\\n- bits: 4   | mine.yaml:2: a rule has match
            rules:\\n- match: {rolle: head}\\n  bits: 4 | mine.yaml:2: unknown key 'rolle'; a rule has role, pattern
            rules:\\n- match: {role: head}\\n  keep: false | mine.yaml:3: keep: true keeps a matrix
            bits: "3             | mine.yaml:
            """)
    void whatIsNotUnderstoodIsToldWithItsLine(String yaml, String told) {
        assertThatThrownBy(() -> expanded(yaml.replace("\\n", "\n") + "\n")).isInstanceOf(RecipeException.class).hasMessageContaining(told)
                .message().doesNotContain("\n");
    }

    @Test
    void otherCommandsAndMissingFilesAndTwoRecipes() {
        CommandLine program = new CommandLine(new Program());
        assertThat(RecipeArguments.expand(program, "other", "--recipe", "x")).containsExactly("other", "--recipe", "x");
        assertThat(RecipeArguments.expand(program)).isEmpty();
        assertThat(RecipeArguments.expand(program, "make", "--recipe")).containsExactly("make", "--recipe");
        assertThatThrownBy(() -> RecipeArguments.expand(program, "make", "--recipe=" + folder.resolve("none.yaml")))
                .isInstanceOf(RecipeException.class).hasMessageContaining("none.yaml: no such file");
        assertThatThrownBy(() -> RecipeArguments.expand(program, "make", "--recipe", "x", "--preset", "y")).hasMessageContaining("give one of them");
        assertThatThrownBy(() -> RecipeArguments.expand(program, "make", "--preset", "y")).hasMessageContaining("write balanced-4bit, ");
    }
}
