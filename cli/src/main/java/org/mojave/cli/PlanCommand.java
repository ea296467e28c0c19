package org.mojave.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Streams;
import org.mojave.cli.terminal.Table;
import org.mojave.compress.job.CompressionJob;
import org.mojave.compress.job.JobRequest;
import org.mojave.compress.job.PlanSummary;
import org.mojave.engine.kernel.KeyValueType;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code mojave plan}: says what {@code compress} would make. */
@Command(
        name = "plan",
        description = {
            "Says what mojave compress would make of a model, to the byte, and writes nothing. With a target it weighs every matrix first,",
            "which takes about as long as compressing, and estimates how far the result will be from the original.",
            "With --run it says instead how fast the model, as it is, will generate on this machine, resident and in less memory.",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave plan examples/wren-moe --target-bits 2.8",
            "  mojave plan MODEL --target-size 9GB",
            "  mojave plan MODEL --bits 3 --group-size 32",
            "  mojave plan wren-4 --run --trace book.trace",
            "  mojave plan MODEL --run --memory 2GB --zipf 1",
        })
final class PlanCommand implements Callable<Integer> {
    private static final Set<String> WITH_RUN = Set.of("--run", "--trace", "--zipf", "--tokens", "--kv", "--memory", "--json", "--threads", "--seed", "--quiet",
            "--debug");
    private static final int MOST_SKEWED = 10;

    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "Folder of the original.")
    private Path model;

    @Mixin
    private RecipeOptions recipe;

    @Mixin
    private MemoryOption memory = new MemoryOption();

    @ArgGroup(exclusive = false, heading = "%nHow fast it will run:%n")
    private RunOptions run;

    @Spec
    private CommandSpec spec;

    /** What {@code --run} needs. */
    static final class RunOptions {
        @Option(names = "--run", required = true,
                description = "Measure this machine and say how fast the model will generate: resident, and with --memory (default: the "
                        + "container's limit, else an eighth, a quarter, a half and three quarters of the experts). Takes about ten seconds.")
        @SuppressWarnings("unused") // its presence makes the group
        private boolean run;

        @Option(names = "--trace", paramLabel = "FILE", description = "Experts are chosen as in this trace, written by mojave trace record.")
        private Path trace;

        @Option(names = "--zipf", paramLabel = "S", defaultValue = "0",
                description = "Without a trace: experts are chosen by Zipf's law with this exponent, 0 for all alike (default: ${DEFAULT-VALUE}).")
        private double zipf;

        @Option(names = "--tokens", paramLabel = "N", defaultValue = "128",
                description = "Tokens to generate from an empty context (default: ${DEFAULT-VALUE}).")
        private int tokens;

        @Option(names = "--kv", paramLabel = "TYPE", defaultValue = "f32", converter = KeyValueOption.Converter.class,
                description = "How keys and values of earlier tokens are kept: f32, f16 or q8 (default: ${DEFAULT-VALUE}).")
        private KeyValueType keyValues;
    }

    PlanCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws InterruptedException {
        Console console = common.console(streams);
        if (run != null) {
            forecast(console);
            return ExitCode.DONE.code();
        }
        JobRequest.Limits limits = new JobRequest.Limits(memory.bytes(), common.threads(), false, false);
        JobRequest request = new JobRequest(model, model, recipe.recipe(common.seed(), true), recipe.statistics(), Optional.empty(), List.of(), limits);
        try (JobConsole job = new JobConsole(console)) {
            PlanSummary summary = CompressionJob.plan(request, job);
            job.showEvents();
            if (console.json()) {
                console.json(json(summary));
            } else {
                show(console, summary);
            }
        }
        return ExitCode.DONE.code();
    }

    private void forecast(Console console) throws InterruptedException {
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            if (!WITH_RUN.contains(option.longestName())) {
                throw new UsageException(option.longestName() + " does not go with --run, which takes a model as it is; compress it first");
            }
        }
        if (!(run.zipf >= 0 && run.zipf <= MOST_SKEWED)) {
            throw new UsageException("--zipf must be between 0 and " + MOST_SKEWED + ", not " + run.zipf);
        }
        new RunForecast(new RunForecast.Request(model, memory.bytes(), run.tokens, run.keyValues, Optional.ofNullable(run.trace), run.zipf), common, console).show();
    }

    private void show(Console console, PlanSummary summary) {
        console.line(model + " would have " + summary.bytes() + " bytes (" + Quantities.bytes(summary.bytes()) + "), "
                + Quantities.decimals(summary.bitsPerWeight(), 3) + " bits per weight (original: " + Quantities.bytes(summary.sourceBytes())
                + ")");
        summary.estimate().ifPresent(divergence -> console.line("Estimated divergence from the original: "
                + Quantities.decimals(divergence, 4) + " nats a token"));
        Table table = new Table("matrices", ">count", "schemes");
        summary.schemes().forEach((role, schemes) -> table.row(role.wireName(), schemes.values().stream().mapToInt(Integer::intValue).sum(),
                schemes.entrySet().stream().map(e -> schemes.size() == 1 ? e.getKey() : e.getValue() + " × " + e.getKey())
                        .collect(Collectors.joining(", "))));
        table.render().forEach(console::line);
    }

    private static ObjectNode json(PlanSummary summary) {
        ObjectNode node = JsonMapper.shared().createObjectNode().put("bytes", summary.bytes()).put("bitsPerWeight", summary.bitsPerWeight());
        summary.estimate().ifPresent(divergence -> node.put("estimatedDivergence", divergence));
        ObjectNode roles = node.putObject("schemes");
        summary.schemes().forEach((role, schemes) -> {
            ObjectNode counts = roles.putObject(role.name().toLowerCase(Locale.ROOT));
            for (Map.Entry<String, Integer> scheme : schemes.entrySet()) {
                counts.put(scheme.getKey(), scheme.getValue());
            }
        });
        return node;
    }
}
