package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code --bounded}, {@code --decisions}, {@code --replay} and {@code --max-kl} from end to end. */
final class BoundedOptionsTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final String WREN = ROOT.resolve("examples/wren-moe").toString();
    private static final String SMALL = "285MB";

    @TempDir
    Path folder;

    private static Run run(String... more) {
        String[] command = new String[more.length + 6];
        System.arraycopy(new String[] {"run", WREN, "-p", "The wren is", "-n", "24"}, 0, command, 0, 6);
        System.arraycopy(more, 0, command, 6, more.length);
        Run run = Run.mojave(command);
        assertThat(run.code()).as(run.err()).isZero();
        return run;
    }

    @Test
    void aLogReplaysTheTextWithEverythingInMemory() throws Exception {
        Path log = folder.resolve("run.log");
        Run bounded = run("--memory", SMALL, "--bounded", "skip-misses:1", "--decisions", log.toString());
        assertThat(bounded.err()).contains("Bounded (skip-misses:1.0): ").contains("left out or exchanged");
        assertThat(bounded.out()).isNotEqualTo(run().out());
        Path again = folder.resolve("again.log");
        assertThat(run("--replay", log.toString(), "--decisions", again.toString()).out()).isEqualTo(bounded.out());
        assertThat(Files.mismatch(log, again)).isEqualTo(-1);
    }

    /** On wren-moe, whose plain matrices are read in rows of neurons but not in columns. */
    @ParameterizedTest
    @CsvSource({"neurons:50%, neurons", "wina:30, inputs"})
    void neuronsAreLeftOutAndALogReplaysThem(String mode, String told) throws Exception {
        Path log = folder.resolve("run.log");
        Run bounded = run("--bounded", mode, "--decisions", log.toString());
        assertThat(bounded.err()).contains("Bounded (" + mode.replace("%", "") + "%): ").contains(" % of " + told + " left out; per token ");
        Path again = folder.resolve("again.log");
        Run replayed = run("--memory", SMALL, "--replay", log.toString(), "--decisions", again.toString());
        assertThat(replayed.out()).isEqualTo(bounded.out());
        assertThat(Files.mismatch(log, again)).isEqualTo(-1);
        assertThat(Run.mojave("run", "--help").out()).contains("--bounded neurons:50% ").contains("wina:30%)");
        assertThat(run("--bounded", mode, "--json").out()).contains("\"usedBytesPerToken\"").contains("\"mode\" : \"" + mode.replace("%", "") + "%\"");
    }

    @Test
    void theDivergenceDecidesWhetherAModeIsTaken() {
        Run none = run("--memory", SMALL, "--max-kl", "0");
        assertThat(none.err()).contains("exact: divergence 0.0000").contains("skip-misses:0.75: divergence ")
                .contains("neurons:50%: divergence ").contains("wina:30%: divergence ").contains("computing stays exact");
        assertThat(none.out()).isEqualTo(run().out());
        Run any = run("--memory", SMALL, "--max-kl", "100", "--kl-text", ROOT.resolve("examples/evaluation/wiki.txt").toString());
        assertThat(any.err()).containsPattern("Taken: |computing stays exact");
    }

    @Test
    void benchMeasuresAMode() {
        Run run = Run.mojave("bench", WREN, "-p", "0", "-n", "16", "-r", "1", "--warm-up", "0", "--memory", SMALL, "--routes", "uniform", "--bounded",
                "experts:1", "--json");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("Bounded (experts:1): 50.0 %");
        assertThat(run.out()).as("what is left out is not in the model").doesNotContain("predictedTokensPerSecond");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --bounded some                        | --bounded 'some' is none of
            --bounded skip-misses:0               | --bounded skip-misses:0: the weight
            --bounded neurons:100%                | --bounded neurons:100%: what is left out must be
            --bounded experts:2                   | layer 0 has 2 experts per token
            --bounded early --replay x            | give one of them
            --replay nowhere                      | --replay nowhere: no such file
            --max-kl -1                           | --max-kl must be 0 or more
            --max-kl 1 --bounded early            | --max-kl chooses the mode itself
            --kl-text x                           | --kl-text is the text for --max-kl
            """)
    void mistakesAreOneClearLine(String options, String message) {
        Run run = Run.mojave(("run " + WREN + " -p x -n 2 -q " + options).split(" +"));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err().lines().toList().getLast()).startsWith("mojave: ").contains(message);
    }
}
