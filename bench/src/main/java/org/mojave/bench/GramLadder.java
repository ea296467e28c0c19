package org.mojave.bench;

import org.mojave.engine.kernel.Gram;
import org.mojave.engine.kernel.Workers;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Gathering second moments of 2048 tokens. */
@State(Scope.Benchmark)
public class GramLadder {
    static final int TOKENS = 2048;

    @Param({"1", "2"})
    public int threads;

    @Param({Ladder.PREFERRED, Ladder.PORTABLE})
    public String algebra;

    @Param({"256", "2048"})
    public int columns;

    private Workers workers;
    private Gram gram;
    private float[] x;

    @Setup
    public void start() {
        workers = new Workers(threads, Ladder.algebra(algebra));
        gram = new Gram(columns);
        x = SampleMatrices.floats(TOKENS * columns);
    }

    @TearDown
    public void stop() {
        workers.close();
    }

    @Benchmark
    public Gram gram() {
        gram.add(x, TOKENS, workers);
        return gram;
    }
}
