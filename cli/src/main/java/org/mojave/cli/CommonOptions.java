package org.mojave.cli;

import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Streams;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Model.CommandSpec;

/** The options that every command has. */
final class CommonOptions {
    private static final int MOST_THREADS = 1024;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--json", description = "Print the result as one JSON document.")
    private boolean json;

    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--seed", paramLabel = "S", description = "Seed of everything random (default: ${DEFAULT-VALUE}).", defaultValue = "0")
    private long seed;

    @Option(names = {"-q", "--quiet"}, description = "Show no progress and no remarks.")
    private boolean quiet;

    @Option(names = "--debug", description = "Show the stack trace of an error.")
    @SuppressWarnings("unused") // the launcher of commands looks at the arguments
    private boolean debug;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    @SuppressWarnings("unused")
    private boolean help;

    @Option(names = "--threads", paramLabel = "N", description = "Threads for arithmetic (default: all cores). Never changes a result.")
    private void setThreads(int count) {
        if (count < 1 || count > MOST_THREADS) {
            throw new ParameterException(command.commandLine(), "--threads must be between 1 and " + MOST_THREADS + ", not " + count);
        }
        threads = count;
    }

    /** The console that obeys {@code --json} and {@code --quiet}. */
    Console console(Streams streams) {
        return new Console(streams, json, quiet);
    }

    int threads() {
        return threads;
    }

    long seed() {
        return seed;
    }
}
