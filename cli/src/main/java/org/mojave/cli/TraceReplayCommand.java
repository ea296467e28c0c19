package org.mojave.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Streams;
import org.mojave.cli.terminal.Table;
import org.mojave.engine.evict.DecayedFrequency;
import org.mojave.engine.evict.EvictionPolicy;
import org.mojave.engine.evict.ExpertNumbers;
import org.mojave.engine.evict.LeastFrequentlyUsed;
import org.mojave.engine.evict.LeastRecentlyUsed;
import org.mojave.engine.predict.LayerFrequency;
import org.mojave.engine.predict.PathStatistics;
import org.mojave.engine.predict.RoutePredictor;
import org.mojave.engine.trace.Belady;
import org.mojave.engine.trace.GuessedRoutes;
import org.mojave.engine.trace.Predictions;
import org.mojave.engine.trace.Replay;
import org.mojave.engine.trace.RouteTrace;
import org.mojave.engine.trace.TraceFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mojave trace replay}: how many experts would have been read from disk, policy by policy. */
@Command(
        name = "replay",
        description = {
            "Replays a trace with a slab of slots, each of which holds one expert, and counts how often an expert was there already.",
            "Belady knows the future and is the best possible. Then predictors guess the experts of each layer before its router has",
            "spoken: the most frequent ones, paths through the layers before, and with --guesses the routers themselves, asked early.",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave trace replay book.trace --slots 24",
            "  mojave trace replay book.trace --slots 12,24,48,96 --json",
            "  mojave trace replay book.trace --slots 48 --guesses book.guesses",
        })
final class TraceReplayCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "FILE", description = "A trace written by mojave trace record.")
    private Path file;

    @Option(names = "--slots", paramLabel = "N", split = ",", required = true, description = "Experts held in memory; several with commas between.")
    private List<Integer> slots;

    @Option(names = "--half-life", paramLabel = "TOKENS", description = "Of Mojave's policy: tokens after which a use counts half (default: 64).")
    private Double halfLife;

    @Option(names = "--distance-weight", paramLabel = "G", description = "Of Mojave's policy: how much the distance of a layer counts (default: 0.5).")
    private Double distanceWeight;

    @Option(names = "--guesses", paramLabel = "FILE", description = "What routers picked early, written by mojave trace record --guesses FILE.")
    private Path guesses;

    TraceReplayCommand(Streams streams) {
        this.streams = streams;
    }

    /** One policy with one number of slots. */
    private record Row(int slots, Replay.Result result) {}

    /** One predictor with one number of slots, under Mojave's policy. */
    private record Guesses(int slots, Predictions.Result result) {}

    @Override
    public Integer call() {
        Console console = common.console(streams);
        if (slots.stream().anyMatch(count -> count < 1)) {
            throw new UsageException("--slots must be at least 1, not " + slots);
        }
        RouteTrace trace = TraceFile.read(file);
        DecayedFrequency.Settings settings = settings();
        List<Row> rows = new ArrayList<>();
        for (int count : slots) {
            for (EvictionPolicy policy : policies(trace, settings)) {
                rows.add(new Row(count, Replay.of(trace, count, policy)));
            }
        }
        show(console, trace, rows, predictions(trace, settings));
        return ExitCode.DONE.code();
    }

    private List<Guesses> predictions(RouteTrace trace, DecayedFrequency.Settings settings) {
        Optional<RouteTrace> early = Optional.ofNullable(guesses).map(TraceFile::read);
        if (early.isPresent() && !(early.get().layers().equals(trace.layers()) && early.get().tokens() == trace.tokens())) {
            throw new UsageException("--guesses " + guesses + ": was not recorded with " + file + "; record both with one mojave trace record");
        }
        if (trace.steps() != trace.tokens() || trace.tokens() == 0) {
            return List.of(); // prompts fed in chunks: nobody guesses there
        }
        List<Guesses> all = new ArrayList<>();
        List<Integer> experts = trace.numbers().perLayer();
        for (int count : slots) {
            List<RoutePredictor> predictors = new ArrayList<>(List.of(new LayerFrequency(experts), new PathStatistics(experts)));
            early.ifPresent(found -> predictors.add(new GuessedRoutes(found)));
            for (RoutePredictor predictor : predictors) {
                all.add(new Guesses(count, Predictions.of(trace, predictor, count, new DecayedFrequency(trace.numbers(), settings))));
            }
        }
        return all;
    }

    private DecayedFrequency.Settings settings() {
        DecayedFrequency.Settings usual = DecayedFrequency.Settings.usual();
        try {
            return new DecayedFrequency.Settings(halfLife == null ? usual.halfLifeSteps() : halfLife,
                    distanceWeight == null ? usual.distanceWeight() : distanceWeight);
        } catch (IllegalArgumentException e) {
            throw new UsageException("--half-life must be at least 1 and --distance-weight at least 0: " + e.getMessage());
        }
    }

    private static List<EvictionPolicy> policies(RouteTrace trace, DecayedFrequency.Settings settings) {
        ExpertNumbers numbers = trace.numbers();
        return List.of(new LeastRecentlyUsed(numbers), new LeastFrequentlyUsed(numbers), new DecayedFrequency(numbers, settings),
                new Belady(trace));
    }

    private static void show(Console console, RouteTrace trace, List<Row> rows, List<Guesses> predictions) {
        int cycle = trace.layers().stream().mapToInt(RouteTrace.Layer::chosen).sum();
        if (console.json()) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("tokens", trace.tokens());
            json.put("experts", trace.numbers().total());
            json.put("expertsPerToken", cycle);
            json.put("replays", rows.stream().map(TraceReplayCommand::json).toList());
            json.put("predictions", predictions.stream().map(TraceReplayCommand::json).toList());
            console.json(json);
            return;
        }
        console.line(trace.tokens() + " tokens, " + cycle + " of " + trace.numbers().total() + " experts each");
        Table table = new Table(">slots", "policy", ">hit rate", ">reads per token");
        for (Row row : rows) {
            table.row(row.slots(), row.result().policy(), Quantities.percent(row.result().hitRate()),
                    Quantities.decimals(row.result().readsPerToken(), 2));
        }
        console.table(table);
        if (!predictions.isEmpty()) {
            console.line("");
            Table guessed = new Table(">slots", "predictor", ">of needed experts", ">of missing ones", ">right where it would read");
            for (Guesses row : predictions) {
                guessed.row(row.slots(), row.result().predictor(), Quantities.percent(row.result().ofNeeded()), Quantities.percent(row.result().ofMissing()),
                        Quantities.percent(row.result().right()));
            }
            console.table(guessed);
        }
    }

    private static Map<String, Object> json(Guesses row) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("slots", row.slots());
        json.put("predictor", row.result().predictor());
        json.put("ofNeeded", row.result().ofNeeded());
        json.put("ofMissing", row.result().ofMissing());
        json.put("right", row.result().right());
        json.put("byRank", row.result().byRank());
        json.put("byLayer", row.result().byLayer());
        return json;
    }

    private static Map<String, Object> json(Row row) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("slots", row.slots());
        json.put("policy", row.result().policy());
        json.put("requests", row.result().requests());
        json.put("hits", row.result().hits());
        json.put("hitRate", row.result().hitRate());
        json.put("readsPerToken", row.result().readsPerToken());
        return json;
    }
}
