package org.mojave.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.mojave.cli.machine.Memory;
import org.mojave.cli.machine.MemoryBandwidth;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Table;
import org.mojave.compress.plan.ByteSizes;
import org.mojave.compress.plan.ResourceException;
import org.mojave.engine.evict.DecayedFrequency;
import org.mojave.engine.forecast.DecodeSpeed;
import org.mojave.engine.forecast.TokenForecast;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.run.ActiveBytes;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.Model;
import org.mojave.engine.stream.MemoryShares;
import org.mojave.engine.stream.ReadSpeed;
import org.mojave.engine.stream.StreamPlan;
import org.mojave.engine.stream.StreamedExperts;
import org.mojave.engine.trace.Replay;
import org.mojave.engine.trace.RouteRecorder;
import org.mojave.engine.trace.RouteTrace;
import org.mojave.engine.trace.SyntheticRoutes;
import org.mojave.engine.trace.TraceFile;

/** {@code mojave plan --run}: how fast a model will generate here, resident and in less memory. */
final class RunForecast {
    private static final DecodeSpeed.Timing TIMING = new DecodeSpeed.Timing(Duration.ofSeconds(2), Duration.ofSeconds(2));
    private static final int SYNTHETIC_TOKENS = 768;
    /** Of a trace so much passes before it counts: the slab is empty at first. */
    private static final double WARM_SHARE = 1.0 / 3;
    /** Shares of all experts that are shown where no limit is given. */
    private static final double[] SHARES = {0.125, 0.25, 0.5, 0.75};

    private final Request request;
    private final CommonOptions common;
    private final Console console;

    /**
     * What is asked.
     *
     * @param folder the model, or a GGUF file
     * @param memory the limit, 0 for none
     * @param tokens generated from an empty context
     * @param keyValues how keys and values are kept
     * @param trace whose routes count
     * @param zipf exponent for routes without a trace
     */
    record Request(Path folder, long memory, int tokens, KeyValueType keyValues, Optional<Path> trace, double zipf) {}

    RunForecast(Request request, CommonOptions common, Console console) {
        this.request = request;
        this.common = common;
        this.console = console;
    }

    /** One way to run the model. */
    private record Row(long memory, int slots, TokenForecast forecast) {}

    /** All that was found. */
    private record Findings(ActiveBytes active, MemoryBandwidth memory, DecodeSpeed computing, Optional<ReadSpeed> disk, String routes, List<Row> rows) {}

    void show() throws InterruptedException {
        try (Model model = Model.open(request.folder()); Workers workers = new Workers(common.threads())) {
            if (request.tokens() < 1 || request.tokens() > model.contextLength()) {
                throw new UsageException("--tokens must be between 1 and the model's context of " + model.contextLength() + ", not " + request.tokens());
            }
            console.note("Measuring memory, arithmetic and disk…");
            Findings findings = findings(model, workers);
            if (console.json()) {
                console.json(json(findings));
            } else {
                lines(findings);
            }
        }
    }

    private Findings findings(Model model, Workers workers) throws InterruptedException {
        Optional<StreamPlan> plan = streamed(model);
        MemoryShares.Working working = new MemoryShares.Working(KvCache.bytes(model.spec(), request.tokens(), request.keyValues()), LayerRunner.workingBytes(model.spec(), 1));
        List<MemoryShares> limits = plan.map(records -> limits(model, records, working)).orElse(List.of());
        RouteTrace trace = limits.isEmpty() ? null : trace(model); // before anything slow: it may be refused
        MemoryBandwidth bandwidth = MemoryBandwidth.best(common.threads());
        DecodeSpeed computing = DecodeSpeed.measure(model, workers, KernelOption.Selected.automatic(NativeSupport.load(new NativeChoice.Best())).path(),
                plan.map(StreamPlan::cycle).orElse(Integer.MAX_VALUE), TIMING);
        TokenForecast.Machine machine = new TokenForecast.Machine(bandwidth.bytesPerSecond(), computing);
        TokenForecast.Token token = TokenForecast.Token.of(model, request.tokens(), request.keyValues(), plan);
        List<Row> rows = new ArrayList<>();
        rows.add(new Row(model.isFolder() ? MemoryShares.resident(model.weightBytes(), working) : 0, -1, TokenForecast.resident(machine, token)));
        Optional<ReadSpeed> disk = Optional.empty();
        if (!limits.isEmpty()) {
            disk = Optional.of(ReadSpeed.measure(plan.get(), StreamedExperts.Reading.usual(), common.seed()));
            for (MemoryShares shares : limits) {
                Replay.Result replay = Replay.of(trace, shares.slots(), new DecayedFrequency(trace.numbers(), DecayedFrequency.Settings.usual()),
                        (int) (trace.steps() * WARM_SHARE));
                rows.add(new Row(shares.limit(), shares.slots(), TokenForecast.streamed(machine, token, disk.get(), plan.get().expertBytes(), replay)));
            }
        }
        return new Findings(token.active(), bandwidth, computing, disk, limits.isEmpty() ? "none" : routes(), rows);
    }

    private Optional<StreamPlan> streamed(Model model) {
        if (!model.isFolder()) {
            console.note("A GGUF file is mapped only, so there is no forecast for less memory.");
            return Optional.empty();
        }
        try {
            return Optional.of(StreamPlan.of(model.spec(), model.weights(), model.checkpoint()));
        } catch (UnsupportedModelException e) {
            console.note("No forecast for less memory: " + e.getMessage());
            return Optional.empty();
        }
    }

    /** The limit that was given, or some that show the curve; none where everything fits. */
    private List<MemoryShares> limits(Model model, StreamPlan plan, MemoryShares.Working working) {
        long dense = model.residentBytes();
        long limit = request.memory() > 0 ? request.memory() : Memory.current().limit().orElse(0);
        MemoryShares whole = MemoryShares.of(Long.MAX_VALUE, dense, working, plan);
        if (limit == 0) {
            return LongStream.of(shares(plan)).mapToObj(slots -> MemoryShares.of(whole.forSlots((int) slots), dense, working, plan)).toList();
        }
        MemoryShares shares = MemoryShares.of(limit, dense, working, plan);
        if (shares.slots() < plan.fewestSlots()) {
            throw new ResourceException("this model needs at least --memory " + ByteSizes.roundedUp(shares.floor()) + " here; "
                    + Quantities.bytes(limit) + " are allowed");
        }
        return MemoryShares.resident(model.weightBytes(), working) <= limit ? List.of() : List.of(shares);
    }

    private static long[] shares(StreamPlan plan) {
        long[] slots = new long[SHARES.length];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = Math.max(plan.fewestSlots(), Math.round(SHARES[i] * plan.numbers().total()));
        }
        return LongStream.of(slots).distinct().toArray();
    }

    private RouteTrace trace(Model model) {
        List<RouteTrace.Layer> layers = RouteRecorder.layers(model.spec());
        if (request.trace().isEmpty()) {
            return SyntheticRoutes.zipf(layers, new SyntheticRoutes.Law(request.zipf(), 0), SYNTHETIC_TOKENS, new SplittableRandom(common.seed()));
        }
        RouteTrace trace = TraceFile.read(request.trace().get());
        if (!trace.layers().equals(layers)) {
            throw new UsageException("--trace " + request.trace().get() + ": was recorded from a model with other layers or experts; record one with "
                    + "mojave trace record " + request.folder());
        }
        return trace;
    }

    private String routes() {
        return request.trace().map(file -> "as in " + file).orElseGet(() -> request.zipf() == 0
                ? "every expert alike, the worst case" : "by Zipf's law with exponent " + Quantities.decimals(request.zipf(), 2));
    }

    private void lines(Findings findings) {
        console.line("A token reads " + Quantities.bytes(findings.active().total()) + " of weights, " + Quantities.bytes(findings.active().routed())
                + " of them experts. Computing it takes " + milliseconds(findings.computing().nanosPerToken()) + " here; reading it from memory at "
                + Quantities.bytesPerSecond(findings.memory().bytesPerSecond()) + " alone would take "
                + milliseconds(findings.active().total() / findings.memory().bytesPerSecond() * 1e9) + ".");
        findings.disk().ifPresent(disk -> console.line("The disk reads experts at " + Quantities.bytesPerSecond(disk.bytesPerSecond()) + " and "
                + milliseconds(disk.startNanos()) + " before" + (disk.direct() ? "" : " (through the page cache)") + ". Experts are chosen "
                + findings.routes() + "."));
        console.line("");
        Table table = new Table("weights", ">memory", ">slots", ">hits", ">read per token", ">waiting", ">tokens/s", ">if reading never paused");
        for (Row row : findings.rows()) {
            TokenForecast forecast = row.forecast();
            boolean resident = row.slots() < 0;
            table.row(resident ? "resident" : "streamed", row.memory() == 0 ? "" : Quantities.bytes(row.memory()), resident ? "" : row.slots(),
                    resident ? "" : Quantities.percent(forecast.hitRate()), resident ? "" : Quantities.bytes(Math.round(forecast.bytesRead())),
                    resident ? "" : milliseconds(forecast.stallNanos()), Quantities.decimals(forecast.tokensPerSecond(), 1),
                    resident ? "" : Quantities.decimals(forecast.overlappedTokensPerSecond(), 1));
        }
        console.table(table);
    }

    private static String milliseconds(double nanos) {
        return Quantities.decimals(nanos / 1e6, 1) + " ms";
    }

    private Map<String, Object> json(Findings findings) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("activeBytesPerToken", findings.active().total());
        json.put("activeExpertBytesPerToken", findings.active().routed());
        json.put("memoryBytesPerSecond", findings.memory().bytesPerSecond());
        json.put("computeMilliseconds", findings.computing().nanosPerToken() / 1e6);
        findings.disk().ifPresent(disk -> json.put("disk", disk));
        json.put("routes", findings.routes());
        json.put("forecasts", findings.rows().stream().map(RunForecast::json).toList());
        return json;
    }

    private static Map<String, Object> json(Row row) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("store", row.slots() < 0 ? "resident" : "streamed");
        json.put("memoryBytes", row.memory());
        if (row.slots() >= 0) {
            json.put("slots", row.slots());
            json.put("hitRate", row.forecast().hitRate());
            json.put("bytesReadPerToken", row.forecast().bytesRead());
            json.put("stallMilliseconds", row.forecast().stallNanos() / 1e6);
            json.put("overlappedTokensPerSecond", row.forecast().overlappedTokensPerSecond());
            json.put("diskBound", row.forecast().diskBound());
        }
        json.put("tokensPerSecond", row.forecast().tokensPerSecond());
        return json;
    }
}
