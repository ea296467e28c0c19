package org.mojave.bench;

import java.lang.foreign.Arena;
import org.mojave.engine.kernel.Matrix;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Decoding a 2048 × 2048 matrix to float32 in panels that stay in the cache, on one core. */
@State(Scope.Benchmark)
public class DecodeLadder {
    static final int SIZE = 2048;
    private static final int PANEL = 64;

    @Param({"bf16", "f16", "8g128s", "4g128s", "3g128s", "2g64a"})
    public String storage;

    private Arena arena;
    private Matrix matrix;
    private float[] panel;

    @SuppressWarnings("MustBeClosedChecker") // closed by the tear-down
    @Setup
    public void start() {
        arena = Arena.ofShared();
        matrix = SampleMatrices.matrix(storage, SIZE, SIZE, arena);
        panel = new float[PANEL * SIZE];
    }

    @TearDown
    public void stop() {
        arena.close();
    }

    @Benchmark
    public float[] decode() {
        for (int row = 0; row < SIZE; row += PANEL) {
            matrix.decode(row, PANEL, panel, 0);
        }
        return panel;
    }
}
