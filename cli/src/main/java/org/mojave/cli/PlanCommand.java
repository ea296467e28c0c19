package org.mojave.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Streams;
import org.mojave.cli.terminal.Table;
import org.mojave.compress.job.CompressionJob;
import org.mojave.compress.job.JobRequest;
import org.mojave.compress.job.PlanSummary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code mojave plan}: says what {@code compress} would make. */
@Command(
        name = "plan",
        description = {
            "Says what mojave compress would make of a model, to the byte, and writes nothing. With a target it weighs every matrix first,",
            "which takes about as long as compressing, and estimates how far the result will be from the original.",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave plan examples/wren-moe --target-bits 2.8",
            "  mojave plan MODEL --target-size 9GB",
            "  mojave plan MODEL --bits 3 --group-size 32",
        })
final class PlanCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "Folder of the original.")
    private Path model;

    @Mixin
    private RecipeOptions recipe;

    @Mixin
    private MemoryOption memory = new MemoryOption();

    PlanCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Console console = common.console(streams);
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
