package org.mojave.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.mojave.cli.terminal.Streams;
import org.mojave.compress.job.CompressionJob;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code mojave resume}: goes on with an interrupted {@code compress}. */
@Command(
        name = "resume",
        description = "Goes on with an interrupted mojave compress, with the options it was begun with. The result is the same to the bit.",
        footerHeading = "%nExamples:%n",
        footer = "  mojave resume wren-4")
final class ResumeCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "DIR", description = "Folder that was given with --out.")
    private Path output;

    ResumeCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        try (JobConsole job = new JobConsole(common.console(streams))) {
            job.show(CompressionJob.resume(output, common.threads(), job));
        }
        return ExitCode.DONE.code();
    }
}
