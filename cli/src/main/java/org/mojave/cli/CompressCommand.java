package org.mojave.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Streams;
import org.mojave.compress.job.CompressionJob;
import org.mojave.compress.job.JobRequest;
import org.mojave.compress.recipe.Recipe;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mojave compress}: makes a smaller model. */
@Command(
        name = "compress",
        description = {
            "Makes a smaller model: quantizes every matrix of the layers, writes a new folder, reads it back, compares, and measures",
            "perplexity before and after. Interrupted at any moment, it goes on with the same command or with mojave resume.",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave compress examples/wren-moe --out wren-4",
            "  mojave compress MODEL --out DIR --target-bits 2.8          the best that fits, whole files counted",
            "  mojave compress MODEL --out DIR --target-bits 2.5 --allocation pmq",
            "                                                             experts of 1 to 3 bits as Mixture Compressor chooses them",
            "  mojave compress MODEL --out DIR --preset balanced-4bit     a recipe that comes with the program, see mojave recipes",
            "  mojave compress MODEL --out DIR --recipe mine.yaml         your own; options given here count more",
            "  mojave compress MODEL --out DIR --bits 3 --rule attention=8 --rule expert@layers.0.*=keep",
            "  mojave compress MODEL --out DIR --bits 3 --group-size 32 --calibration book.txt code.txt",
            "  mojave compress MODEL --out DIR --sample --affinity-power 1",
            "                                                             calibrated on text that the model writes itself",
            "  mojave compress MODEL --out DIR --method rtn               no calibration: fast, needs no text, less exact",
            "  mojave compress MODEL --out DIR --method hqq --bits 3      the same, with scales and zeros that fit better",
            "  mojave compress MODEL --out DIR --memory 4GB               never takes more; slower where it must pass twice",
            "  mojave compress MODEL --out DIR --pruning                  for run DIR --prune-rate 0.15 --prune-thresholds checkpoint",
            "  mojave compress MODEL --out DIR --bits 2 --dry-run         only says how large the result will be",
        })
final class CompressCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "Folder of the original.")
    private Path model;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder of the result; must not exist.")
    private Path output;

    @Mixin
    private RecipeOptions recipe;

    @Option(names = "--eval", paramLabel = "FILE", arity = "1..*", description = "Text for perplexity before and after (default: a bundled mix).")
    private List<Path> evaluation;

    @Mixin
    private MemoryOption memory = new MemoryOption();

    @Option(names = "--strict", description = "End with an error (6) where a matrix cannot be quantized as asked, e.g. an expert without tokens; looks first whether the text reaches all.")
    private boolean strict;

    @Option(names = "--overwrite", description = "Replace an older result in DIR, finished or not.")
    private boolean overwrite;

    @Option(names = "--pruning", description = "Also store in DIR at which weights its experts can be skipped, for --prune-thresholds checkpoint.")
    private boolean pruning;

    @Option(names = "--dry-run", description = "Only say how large the result will be.")
    private boolean dryRun;

    CompressCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Console console = common.console(streams);
        JobRequest request = request(console);
        if (dryRun) {
            try (JobConsole job = new JobConsole(console)) {
                long bytes = CompressionJob.plan(request, job).bytes();
                job.showEvents();
                if (console.json()) {
                    console.json(Map.of("plannedBytes", bytes));
                } else {
                    console.line(output + " will have " + bytes + " bytes (" + Quantities.bytes(bytes) + ")");
                }
            }
            return ExitCode.DONE.code();
        }
        try (JobConsole job = new JobConsole(console)) {
            job.show(CompressionJob.run(request, job));
        }
        return ExitCode.DONE.code();
    }

    private JobRequest request(Console console) {
        JobRequest.Limits limits = new JobRequest.Limits(memory.bytes(), common.threads(), strict, overwrite);
        Recipe wish = recipe.recipe(common.seed(), dryRun);
        if (recipe.samples() && (dryRun ? wish.target().isPresent() : wish.needsText())) {
            wish = SelfWrittenText.beside(output, model, memory.bytes(), common.threads(), overwrite).with(wish, console);
        }
        return new JobRequest(model, output, wish, recipe.statistics(), Optional.empty(),
                evaluation == null ? BundledTexts.evaluation() : evaluation, limits).withPruning(pruning);
    }
}
