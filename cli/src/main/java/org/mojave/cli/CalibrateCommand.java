package org.mojave.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Streams;
import org.mojave.compress.calibrate.StatisticsHeader;
import org.mojave.compress.calibrate.StatisticsMerge;
import org.mojave.compress.job.JobRequest;
import org.mojave.compress.job.StatisticsJob;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.format.packed.Scheme;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mojave calibrate}: gathers what the matrices of a model see, for many compressions. */
@Command(
        name = "calibrate",
        description = {
            "Gathers once what the matrices of the original model see, in a folder that mojave compress --statistics takes as often as you",
            "like. Statistics of different texts can be added. Interrupted at any moment, it goes on with the same command. (Without",
            "--statistics, compress looks at the quantized model's activations, which is slower and more exact.)",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave calibrate MODEL --out stats --calibration book.txt --sequences 512",
            "  mojave compress MODEL --out DIR --statistics stats --bits 3",
            "  mojave calibrate MODEL --out both --merge stats --merge more-stats",
        })
final class CalibrateCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "Folder of the original.")
    private Path model;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder of the statistics; must not exist.")
    private Path output;

    @Mixin
    private CalibrationOptions calibration = new CalibrationOptions();

    @Option(names = "--merge", paramLabel = "DIR", description = "Add statistics that were gathered before, instead; once for each folder.")
    private List<Path> merged = List.of();

    @Mixin
    private MemoryOption memory = new MemoryOption();

    @Option(names = "--overwrite", description = "Replace older statistics in DIR, finished or not.")
    private boolean overwrite;

    CalibrateCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Console console = common.console(streams);
        StatisticsHeader header = merged.isEmpty() ? gathered(console) : StatisticsMerge.merge(merged, output);
        if (console.json()) {
            console.json(header.json());
        } else {
            console.line(output + ": statistics of " + header.model() + " over " + header.sequences() + " sequences of " + header.length()
                    + " tokens, affinity power " + header.affinityPower());
        }
        return ExitCode.DONE.code();
    }

    private StatisticsHeader gathered(Console console) {
        // The scheme only says which matrices are looked at, which is the same for all.
        Recipe recipe = new Recipe(Method.GPTQ, new Scheme(4, Scheme.WHOLE_ROW, true), Recipe.KEEP,
                calibration.wish(true), new Fitting(false, calibration.affinityPower(), 0, 0, 0), common.seed());
        if (calibration.samples()) {
            recipe = SelfWrittenText.beside(output, model, memory.bytes(), common.threads(), overwrite).with(recipe, console);
        }
        JobRequest request = new JobRequest(model, output, recipe, Optional.empty(), List.of(),
                new JobRequest.Limits(memory.bytes(), common.threads(), false, overwrite));
        try (JobConsole job = new JobConsole(console, _ -> "the same command")) {
            StatisticsHeader header = StatisticsJob.run(request, job);
            job.showEvents();
            return header;
        }
    }
}
