package org.mojave.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.mojave.cli.terminal.ByteCount;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Streams;
import org.mojave.compress.calibrate.StoredMoments;
import org.mojave.compress.job.CompressionJob;
import org.mojave.compress.job.JobRequest;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.format.packed.Scheme;
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
            "  mojave compress MODEL --out DIR --bits 3 --group-size 32 --calibration book.txt code.txt",
            "  mojave compress MODEL --out DIR --method rtn               no calibration: fast, needs no text, less exact",
            "  mojave compress MODEL --out DIR --memory 4GB               never takes more; slower where it must pass twice",
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

    @Option(names = "--bits", paramLabel = "B", defaultValue = "4", description = "Bits of a weight: 8, 4, 3 or 2 (default: ${DEFAULT-VALUE}).")
    private int bits;

    @Option(names = "--group-size", paramLabel = "G", defaultValue = "64",
            description = "Weights that share a scale: 32, 64, 128 or row (default: ${DEFAULT-VALUE}).")
    private String groupSize;

    @Option(names = "--method", paramLabel = "M", defaultValue = "gptq", description = "gptq, or rtn to round (default: ${DEFAULT-VALUE}).")
    private String method;

    @Option(names = "--symmetric", description = "No zero points: a little smaller, a little less exact.")
    private boolean symmetric;

    @Option(names = "--vocabulary-bits", paramLabel = "B", defaultValue = "8",
            description = "Bits of embedding and output head: 8, or 16 to keep them (default: ${DEFAULT-VALUE}).")
    private int vocabularyBits;

    @Option(names = "--calibration", paramLabel = "FILE", arity = "1..*",
            description = "UTF-8 text like what the model will be used on (default: a bundled mix).")
    private List<Path> calibration;

    @Option(names = "--statistics", paramLabel = "DIR",
            description = "Statistics of mojave calibrate instead of text; fast, but no matrix is fitted to the quantized ones before it.")
    private Path statistics;

    @Option(names = "--sequences", paramLabel = "N", defaultValue = "128", description = "Calibration sequences (default: ${DEFAULT-VALUE}).")
    private int sequences;

    @Option(names = "--length", paramLabel = "N", defaultValue = "256", description = "Tokens of a sequence (default: ${DEFAULT-VALUE}).")
    private int length;

    @Option(names = "--balance", paramLabel = "R", arity = "0..1", fallbackValue = "2", defaultValue = "0",
            description = "Choose sequences until every expert has R times its even share of the tokens (R if not given: 2).")
    private double balance;

    @Option(names = "--balance-most", paramLabel = "N", defaultValue = "0",
            description = "Choose at most N sequences for the balance (default: as many as it takes).")
    private int balanceMost;

    @Option(names = "--no-matching", description = "Fit each matrix to its own outputs, not to those of the original model (less exact).")
    private boolean noMatching;

    @Option(names = "--affinity-power", paramLabel = "P", defaultValue = "0",
            description = "Tokens count in an expert's statistics with their routing weight to this power: 0, 1 or 2 (default: ${DEFAULT-VALUE}).")
    private int affinityPower;

    @Option(names = "--shrinkage", paramLabel = "S", defaultValue = "0.25",
            description = "How far the statistics of an expert with few tokens lean on the layer's; 0: not at all (default: ${DEFAULT-VALUE}).")
    private double shrinkage;

    @Option(names = "--router-damping", paramLabel = "D", defaultValue = "0",
            description = "Fit the routers to the original's choices, so stiffly (try 0.01); 0: they stay as they are (default: ${DEFAULT-VALUE}).")
    private double routerDamping;

    @Option(names = "--sweeps", paramLabel = "N", defaultValue = "4",
            description = "Times that codes and scales are adjusted after the first choice (default: ${DEFAULT-VALUE}).")
    private int sweeps;

    @Option(names = "--eval", paramLabel = "FILE", arity = "1..*", description = "Text for perplexity before and after (default: a bundled mix).")
    private List<Path> evaluation;

    @Option(names = "--memory", paramLabel = "SIZE", description = "Memory that the process may take, e.g. 4GB (default: a quarter of the machine's).")
    private ByteCount memory;

    @Option(names = "--strict", description = "End with an error where a matrix cannot be quantized as asked.")
    private boolean strict;

    @Option(names = "--overwrite", description = "Replace an older result in DIR, finished or not.")
    private boolean overwrite;

    @Option(names = "--dry-run", description = "Only say how large the result will be.")
    private boolean dryRun;

    CompressCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Console console = common.console(streams);
        JobRequest request = request();
        if (dryRun) {
            long bytes = CompressionJob.plannedBytes(request);
            if (console.json()) {
                console.json(Map.of("plannedBytes", bytes));
            } else {
                console.line(output + " will have " + bytes + " bytes (" + Quantities.bytes(bytes) + ")");
            }
            return ExitCode.DONE.code();
        }
        try (JobConsole job = new JobConsole(console)) {
            job.show(CompressionJob.run(request, job));
        }
        return ExitCode.DONE.code();
    }

    private JobRequest request() {
        List<Path> texts = calibration == null ? BundledTexts.calibration() : calibration;
        Fitting fitting = statistics == null ? new Fitting(!noMatching, affinityPower, shrinkage, routerDamping, sweeps)
                : new Fitting(false, StoredMoments.header(statistics).affinityPower(), shrinkage, routerDamping, sweeps);
        Recipe recipe = new Recipe(Method.parse(method), scheme(), vocabularyBits, wish(texts), fitting, common.seed());
        JobRequest.Limits limits = new JobRequest.Limits(memory == null ? 0 : memory.bytes(), common.threads(), strict, overwrite);
        return new JobRequest(model, output, recipe, Optional.ofNullable(statistics), Optional.empty(),
                evaluation == null ? BundledTexts.evaluation() : evaluation, limits);
    }

    /** A dry run need not choose, which takes a walk through the model. */
    private CalibrationWish wish(List<Path> texts) {
        return new CalibrationWish(texts, sequences, length, dryRun ? 0 : balance, balanceMost);
    }

    private Scheme scheme() {
        int group = switch (groupSize) {
            case "32" -> 32;
            case "64" -> 64;
            case "128" -> 128;
            case "row" -> Scheme.WHOLE_ROW;
            default -> throw new UsageException("--group-size must be 32, 64, 128 or row, not " + groupSize);
        };
        if (bits != 2 && bits != 3 && bits != 4 && bits != 8) {
            throw new UsageException("--bits must be 8, 4, 3 or 2, not " + bits);
        }
        return new Scheme(bits, group, symmetric);
    }
}
