package org.mojave.bench;

import org.mojave.engine.kernel.FloatPeak;
import org.mojave.engine.kernel.Workers;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.Blackhole;

/** The float32 peak of one core and of several. */
@State(Scope.Benchmark)
public class PeakLadder {
    static final int TASKS = 32;
    static final int ITERATIONS = 200_000;

    @Param({"1", "2"})
    public int threads;

    private Workers workers;

    @Setup
    public void start() {
        workers = new Workers(threads);
    }

    @TearDown
    public void stop() {
        workers.close();
    }

    @Benchmark
    public void peak(Blackhole blackhole) {
        workers.run(TASKS, (_, _) -> blackhole.consume(FloatPeak.run(ITERATIONS)));
    }
}
