package org.mojave.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Streams;
import org.mojave.compress.calibrate.TokenFile;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.sample.BeamSettings;
import org.mojave.compress.sample.SamplingRequest;
import org.mojave.compress.sample.SelfSampling;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mojave sample}: the model writes its own calibration sequences. */
@Command(
        name = "sample",
        description = {
            "Lets a model write calibration sequences itself, probable ones that use all experts alike (EBSS of MoEQuant), and keeps",
            "them in a file that mojave compress --calibration takes. Interrupted at any moment, it goes on with the same command.",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave sample examples/wren-moe --out wren-tokens.json --length 256",
            "  mojave sample MODEL --out tokens.json --sequences 64 --memory 8GB",
            "  mojave compress MODEL --out DIR --calibration tokens.json",
        })
final class SampleCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "Folder of the model, or a .gguf file.")
    private Path model;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "File of tokens to write; must not exist.")
    private Path output;

    @Option(names = "--sequences", paramLabel = "N", defaultValue = "128", description = "Sequences (default: ${DEFAULT-VALUE}).")
    private int sequences;

    @Option(names = "--length", paramLabel = "N", defaultValue = "512", description = "Tokens of a sequence (default: ${DEFAULT-VALUE}).")
    private int length;

    @Option(names = "--width", paramLabel = "W", defaultValue = "4", description = "Beams of the search (default: ${DEFAULT-VALUE}).")
    private int width;

    @Option(names = "--tau", paramLabel = "T", defaultValue = "1.2",
            description = "The smaller, the more balance counts against probability (default: ${DEFAULT-VALUE}).")
    private double tau;

    @Option(names = "--ngram", paramLabel = "N", defaultValue = "4",
            description = "So many tokens in a row never appear twice in a sequence; 0: they may (default: ${DEFAULT-VALUE}).")
    private int ngram;

    @Option(names = "--run", paramLabel = "N", defaultValue = "3",
            description = "No token appears more often than this in a row; 0: it may (default: ${DEFAULT-VALUE}).")
    private int run;

    @Option(names = "--together", paramLabel = "N", defaultValue = "16",
            description = "Sequences searched for at a time; more are faster and take more memory (default: ${DEFAULT-VALUE}).")
    private int together;

    @Mixin
    private MemoryOption memory = new MemoryOption();

    @Option(names = "--overwrite", description = "Replace older tokens in FILE, finished or not.")
    private boolean overwrite;

    SampleCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Console console = common.console(streams);
        long buffers = MemoryBudget.ofProcess(memory.bytes());
        SamplingRequest request = new SamplingRequest(model, output, new BeamSettings(length, width, tau, ngram, run), sequences,
                together, common.seed(),
                new SamplingRequest.Limits(buffers, common.threads(), overwrite));
        TokenFile tokens;
        try (SamplingProgress shown = new SamplingProgress(console)) {
            tokens = SelfSampling.run(request, shown);
        }
        if (console.json()) {
            console.json(tokens.summary());
            return ExitCode.DONE.code();
        }
        console.line(output + ": " + tokens.sequences().size() + " sequences of " + length + " tokens, perplexity "
                + Quantities.decimals(tokens.perplexity(), 2) + ", " + Quantities.percent(tokens.degenerate()) + " of them mere repetition");
        console.line("Use of the experts: imbalance " + Quantities.decimals(tokens.experts().imbalance(), 4) + " (0 is even), at least "
                + tokens.experts().least() + " tokens for each");
        return ExitCode.DONE.code();
    }
}
