package org.mojave.cli;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.mojave.cli.recipes.RecipeArguments;
import org.mojave.cli.terminal.ByteCount;
import org.mojave.cli.terminal.Streams;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.TextTable;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The program: a list of commands. Each is a class of its own in this package. */
@Command(
        name = "mojave",
        description = "Compresses Mixture-of-Experts language models and runs them on the JVM.",
        versionProvider = Mojave.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        optionListHeading = "%nOptions:%n",
        commandListHeading = "%nCommands:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave demo                                                   the whole walk on a bundled model",
            "  mojave doctor                                                 is this machine ready?",
            "  mojave compress examples/wren-moe --out wren-4 --bits 4       make it smaller, and measure what that cost",
            "  mojave run wren-4 -p \"The wren is\"                           run the result",
        })
public final class Mojave implements Runnable {
    private static final int HELP_WIDTH = 100;
    /** Columns around the names of commands in their list. */
    private static final int NAME_GAP = 3;

    @Spec
    private CommandSpec spec;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help; every command has its own.")
    @SuppressWarnings("unused")
    private boolean help;

    @Option(names = "--version", versionHelp = true, description = "Show the version.")
    @SuppressWarnings("unused")
    private boolean version;

    Mojave() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        Streams streams = Streams.ofProcess();
        Interruption end = new Interruption(streams.err(), Boolean.getBoolean("mojave.stderr.filtered"));
        Runtime.getRuntime().addShutdownHook(end);
        int code = run(streams, arguments);
        end.finish();
        System.exit(code);
    }

    /** Runs one command and returns its exit code; never throws. */
    static int run(Streams streams, String... arguments) {
        try {
            CommandLine program = commandLine(streams);
            int code = program.execute(RecipeArguments.expand(program, arguments));
            streams.out().flush();
            return code;
        } catch (Throwable failure) { // errors, which picocli lets through: out of memory, broken installation
            return Failures.report(failure, streams.err(), Arrays.asList(arguments).contains("--debug"));
        }
    }

    /** All commands, in the order of the help: as a newcomer meets them. */
    static CommandLine commandLine(Streams streams) {
        CommandLine line = new CommandLine(new Mojave());
        line.addSubcommand(new DemoCommand(streams));
        line.addSubcommand(new DoctorCommand(streams));
        line.addSubcommand(new InspectCommand(streams));
        line.addSubcommand(new SampleCommand(streams));
        line.addSubcommand(new CalibrateCommand(streams));
        line.addSubcommand(new PlanCommand(streams));
        line.addSubcommand(new CompressCommand(streams));
        line.addSubcommand(new RecipesCommand(streams));
        line.addSubcommand(new ResumeCommand(streams));
        line.addSubcommand(new EvalCommand(streams));
        line.addSubcommand(new RunCommand(streams));
        line.addSubcommand(new BenchCommand(streams));
        line.addSubcommand(new LogitsCommand(streams));
        line.addSubcommand(TraceCommand.withCommands(streams));
        line.addSubcommand(new SynthCommand(streams));
        return configured(line, streams);
    }

    private static CommandLine configured(CommandLine line, Streams streams) {
        line.getCommandSpec().usageMessage().exitCodeListHeading("%nExit codes:%n").exitCodeList(Arrays.stream(ExitCode.values())
                .collect(Collectors.toMap(code -> " " + code.code(), ExitCode::meaning, (a, _) -> a, java.util.LinkedHashMap::new)));
        line.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, help -> help.subcommands().isEmpty() ? "" : commands(help));
        return line.setOut(new java.io.PrintWriter(streams.out(), true, streams.out().charset()))
                .setErr(new java.io.PrintWriter(streams.err(), true, streams.err().charset()))
                .setColorScheme(CommandLine.Help.defaultColorScheme(streams.outIsTerminal() ? Ansi.ON : Ansi.OFF))
                .setUsageHelpWidth(HELP_WIDTH)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setAbbreviatedOptionsAllowed(false)
                .registerConverter(ByteCount.class, ByteCount::parse)
                .setParameterExceptionHandler((mistake, _) -> Failures.reportUsage(mistake, streams.err()))
                .setExecutionExceptionHandler((failure, command, _) ->
                        Failures.report(failure, streams.err(), command.getParseResult().hasMatchedOption("--debug")));
    }

    /** Every command with the first sentence of its description, whole: the library would show its first line, cut off anywhere. */
    private static String commands(CommandLine.Help help) {
        int width = help.subcommands().keySet().stream().mapToInt(String::length).max().orElseThrow() + NAME_GAP;
        TextTable table = TextTable.forColumns(help.colorScheme(), new Column(width, 2, Column.Overflow.SPAN),
                new Column(HELP_WIDTH - width, 2, Column.Overflow.WRAP));
        help.subcommands().forEach((name, command) -> table.addRowValues(help.colorScheme().commandText(name),
                help.colorScheme().text(sentence(command.commandSpec().usageMessage().description()))));
        return table.toString();
    }

    /** The first sentence of lines that follow each other. */
    private static String sentence(String... lines) {
        String text = String.join(" ", lines);
        int end = text.indexOf(". ");
        return end < 0 ? text : text.substring(0, end + 1);
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /** The version that the build wrote into the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Mojave.class.getPackage().getImplementationVersion();
            return new String[] {"mojave " + (version == null ? "(not from a jar)" : version) + ", Java " + Runtime.version()};
        }
    }
}
