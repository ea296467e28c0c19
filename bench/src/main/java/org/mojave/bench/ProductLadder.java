package org.mojave.bench;

import java.lang.foreign.Arena;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Products;
import org.mojave.engine.kernel.Workers;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Activations times a weight matrix, decoding included. */
@State(Scope.Benchmark)
public class ProductLadder {
    @Param({"1", "2"})
    public int threads;

    @Param({Ladder.PREFERRED, Ladder.PORTABLE})
    public String algebra;

    /** tokens × rows × columns. */
    @Param({"2048x2048x2048", "512x256x256"})
    public String shape;

    @Param({"bf16", "4g128s"})
    public String storage;

    private Arena arena;
    private Workers workers;
    private Matrix matrix;
    private int tokens;
    private float[] x;
    private float[] y;

    @SuppressWarnings("MustBeClosedChecker") // closed by the tear-down
    @Setup
    public void start() {
        int[] sizes = Ladder.shape(shape);
        arena = Arena.ofShared();
        workers = new Workers(threads, Ladder.algebra(algebra));
        tokens = sizes[0];
        matrix = SampleMatrices.matrix(storage, sizes[1], sizes[2], arena);
        x = SampleMatrices.floats(tokens * sizes[2]);
        y = new float[tokens * sizes[1]];
    }

    @TearDown
    public void stop() {
        workers.close();
        arena.close();
    }

    @Benchmark
    public float[] product() {
        Products.multiply(matrix, x, tokens, y, workers);
        return y;
    }
}
