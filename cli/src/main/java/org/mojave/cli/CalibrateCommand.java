package org.mojave.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Streams;
import org.mojave.compress.calibrate.StatisticsHeader;
import org.mojave.compress.calibrate.StatisticsMerge;
import org.mojave.compress.job.JobRequest;
import org.mojave.compress.job.PruningJob;
import org.mojave.compress.job.StatisticsJob;
import org.mojave.compress.recipe.Affinity;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.engine.run.PruningThresholds;
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
            "With --pruning it stores thresholds for skipping experts in the model's own folder instead.",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave calibrate MODEL --out stats --calibration book.txt --sequences 512",
            "  mojave compress MODEL --out DIR --statistics stats --bits 3",
            "  mojave calibrate MODEL --out both --merge stats --merge more-stats",
            "  mojave calibrate DIR --pruning --sequences 32              then: run DIR --prune-rate 0.15 --prune-thresholds checkpoint",
        })
final class CalibrateCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "Folder of the original; with --pruning of the model that will be run.")
    private Path model;

    @Option(names = "--out", paramLabel = "DIR", description = "Folder of the statistics; must not exist.")
    private Path output;

    @Option(names = "--pruning", description = "Store in MODEL at which weights its experts can be skipped, for --prune-thresholds checkpoint.")
    private boolean pruning;

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
        if (pruning == (output != null) || (pruning && !merged.isEmpty())) {
            throw new UsageException("give --out DIR for statistics, or --pruning alone for thresholds in the model's folder");
        }
        return pruning ? thresholds(console) : statistics(console);
    }

    private Integer thresholds(Console console) {
        try (JobConsole job = new JobConsole(console)) {
            PruningThresholds found = PruningJob.run(new PruningJob.Request(model, calibration.wish(true), common.threads(), common.seed()), job);
            job.showEvents();
            if (console.json()) {
                console.json(Map.of("file", model.resolve(PruningThresholds.NAME).toString(), "tokens", found.tokens(), "layers", found.layers().size()));
            } else {
                console.line(model.resolve(PruningThresholds.NAME) + ": thresholds of " + found.layers().size() + " layers from " + found.tokens() + " tokens");
            }
        }
        return ExitCode.DONE.code();
    }

    private Integer statistics(Console console) {
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
                calibration.wish(true), new Fitting(false, calibration.affinity(Affinity.Source.ORIGINAL), 0, 0, 0), common.seed());
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
