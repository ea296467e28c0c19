package org.mojave.bench;

import java.lang.foreign.Arena;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Products of a 2048 × 2048 matrix of GGUF blocks with tokens, on one core; the matrix stays in the caches (from memory: {@link
 * NativeKernelBench}).
 */
@State(Scope.Benchmark)
public class GgufLadder {
    private static final int SIZE = 2048;

    /** The best native kernels, or Java. */
    @Param({"native", "java"})
    public String path;

    @Param({"q8_0", "q4_0", "q5_0", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k"})
    public String storage;

    @Param({"1", "128"})
    public int tokens;

    private Arena arena;
    private Workers workers;
    private ProductPath products;
    private Matrix matrix;
    private float[] x;
    private float[] y;

    @SuppressWarnings("MustBeClosedChecker") // closed by the tear-down
    @Setup
    public void start() {
        arena = Arena.ofShared();
        workers = new Workers(1);
        products = path.equals("native") ? ProductPath.of(Ladder.support()) : ProductPath.vectors();
        matrix = SampleMatrices.matrix(storage, SIZE, SIZE, arena);
        x = SampleMatrices.floats(tokens * SIZE);
        y = new float[tokens * SIZE];
    }

    @TearDown
    public void stop() {
        workers.close();
        arena.close();
    }

    /** Multiplications and additions. */
    static double operations(String tokens) {
        return 2.0 * SIZE * SIZE * Integer.parseInt(tokens);
    }

    @Benchmark
    public float[] blocks() {
        products.multiply(matrix, x, tokens, y, workers);
        return y;
    }
}
