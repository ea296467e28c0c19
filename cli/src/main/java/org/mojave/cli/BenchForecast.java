package org.mojave.cli;

import java.time.Duration;
import java.util.Optional;
import org.mojave.cli.bench.SpeedTest;
import org.mojave.engine.forecast.DecodeSpeed;
import org.mojave.engine.forecast.TokenForecast;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Model;
import org.mojave.engine.stream.ReadSpeed;
import org.mojave.engine.stream.StreamPlan;
import org.mojave.engine.stream.StreamedExperts;
import org.mojave.engine.trace.Replay;

/**
 * What the performance model says about the tests that {@code mojave bench} has run, from this machine's limits and the routes that the
 * tests took.
 */
final class BenchForecast {
    private static final DecodeSpeed.Timing TIMING = new DecodeSpeed.Timing(Duration.ofMillis(700), Duration.ofMillis(1500));

    private final Model model;
    private final TokenForecast.Machine machine;
    private final KeyValueType keyValues;
    private final Optional<StreamPlan> plan;
    private final Optional<ReadSpeed> disk;

    private BenchForecast(Model model, TokenForecast.Machine machine, KeyValueType keyValues, Optional<StreamPlan> plan, Optional<ReadSpeed> disk) {
        this.model = model;
        this.machine = machine;
        this.keyValues = keyValues;
        this.plan = plan;
        this.disk = disk;
    }

    /** Measures what the model needs to know; {@code model} is mapped, and what {@code placed} held in memory is free again. */
    static BenchForecast measure(Model model, StoreOption.Placed placed, Workers workers, ProductPath path, Context context) {
        DecodeSpeed computing = DecodeSpeed.measure(model, workers, path, placed.report().slots(), TIMING);
        Optional<ReadSpeed> disk = disk(placed, context.seed()).map(after -> context.diskBefore().map(after::meanWith).orElse(after));
        return new BenchForecast(model, new TokenForecast.Machine(context.memoryBytesPerSecond(), computing), context.keyValues(), placed.plan(), disk);
    }

    /** What the disk gives to experts now, if they are streamed. */
    static Optional<ReadSpeed> disk(StoreOption.Placed placed, long seed) {
        return placed.plan().map(plan -> ReadSpeed.measure(plan, StreamedExperts.Reading.usual(), seed));
    }

    /** The machine's memory, its disk before the tests, how keys and values are kept, and a seed for what is read. */
    record Context(double memoryBytesPerSecond, Optional<ReadSpeed> diskBefore, KeyValueType keyValues, long seed) {}

    /** What the disk gives to experts alone, if they are streamed. */
    Optional<ReadSpeed> disk() {
        return disk;
    }

    /** For a test that generates one sequence; {@code replay}: of its routes, where experts are streamed. */
    Optional<TokenForecast> of(SpeedTest test, Optional<Replay.Result> replay) {
        return plan.isEmpty() ? Optional.of(TokenForecast.resident(machine, token(test))) : replay.map(routes -> of(test, routes, disk.orElseThrow()));
    }

    /** As {@link #of}, had it been known what the disk would give while the test ran; empty where nothing was read. */
    Optional<TokenForecast> knowingTheDisk(SpeedTest test, Optional<Replay.Result> replay, double bytesPerSecond) {
        return replay.filter(_ -> plan.isPresent() && bytesPerSecond > 0)
                .map(routes -> of(test, routes, new ReadSpeed(0, bytesPerSecond, disk.orElseThrow().direct())));
    }

    private TokenForecast of(SpeedTest test, Replay.Result routes, ReadSpeed speed) {
        return TokenForecast.streamed(machine, token(test), speed, plan.orElseThrow().expertBytes(), routes);
    }

    private TokenForecast.Token token(SpeedTest test) {
        return TokenForecast.Token.of(model, test.tokens(), keyValues, plan);
    }
}
