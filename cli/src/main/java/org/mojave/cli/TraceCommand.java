package org.mojave.cli;

import org.mojave.cli.terminal.Streams;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code mojave trace}: which experts a text uses, and what a slab of slots would make of it. */
@Command(
        name = "trace",
        description = "Records which experts the router chooses, and replays the record against ways to keep experts in memory.",
        synopsisSubcommandLabel = "record|replay",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave trace record examples/wren-moe --text book.txt --out book.trace",
            "  mojave trace replay book.trace --slots 24",
        })
final class TraceCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Mixin
    @SuppressWarnings("unused")
    private CommonOptions common;

    /** With its two commands. */
    static CommandLine withCommands(Streams streams) {
        return new CommandLine(new TraceCommand()).addSubcommand(new TraceRecordCommand(streams)).addSubcommand(new TraceReplayCommand(streams));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what to do: mojave trace record or mojave trace replay");
    }
}
