package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.cli.terminal.Streams;
import picocli.CommandLine;

/** What holds for every command; a new one is included by being in the list. */
final class CommandContractTest {
    static Stream<CommandLine> commands() {
        return Mojave.commandLine(Streams.plain(System.out, System.err)).getSubcommands().values().stream();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void hasHelpWithExamplesOnStandardOutput(CommandLine command) {
        Run help = Run.mojave(command.getCommandName(), "--help");
        assertThat(help.code()).isZero();
        assertThat(help.err()).isEmpty();
        assertThat(help.out()).contains("Examples:").contains("mojave " + command.getCommandName());
    }

    @ParameterizedTest
    @MethodSource("commands")
    void helpHasNoPercentSignThatPicocliMisreads(CommandLine command) {
        for (String[] texts : new String[][] {command.getCommandSpec().usageMessage().description(),
                command.getCommandSpec().usageMessage().footer()}) {
            for (String text : texts) {
                assertThat(text.replace("%%", "").replace("%n", "")).doesNotContain("%");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("commands")
    void hasTheCommonOptions(CommandLine command) {
        assertThat(command.getCommandSpec().optionsMap()).containsKeys("--json", "--threads", "--seed", "--quiet", "--debug", "--help");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void refusesAnUnknownOptionInOneLine(CommandLine command) {
        Run run = Run.mojave(command.getCommandName(), "--no-such-option");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines()).singleElement().asString().startsWith("mojave: ").endsWith("--help");
    }

    @Test
    void theOverviewHasAWholeSentenceForEveryCommand() {
        String overview = Run.mojave().out().replaceAll("\\s+", " ");
        commands().forEach(command -> {
            String text = String.join(" ", command.getCommandSpec().usageMessage().description());
            String sentence = text.contains(". ") ? text.substring(0, text.indexOf(". ") + 1) : text;
            assertThat(overview).contains(command.getCommandName() + " " + sentence + " ");
            assertThat(sentence).endsWith(".");
        });
        assertThat(Run.mojave("trace", "--help").out()).contains("record").contains("replay");
    }

    @Test
    void theListOfCommandsIsPartOfTheHelp() {
        assertThat(Run.mojave("--help").out()).contains(commands().map(CommandLine::getCommandName).toList());
        assertThat(Run.mojave("doctor", "--threads", "0").err()).isEqualTo("mojave: --threads must be between 1 and 1024, not 0; see mojave doctor --help\n");
    }
}
