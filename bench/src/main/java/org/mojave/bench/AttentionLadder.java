package org.mojave.bench;

import java.util.Arrays;
import org.mojave.engine.kernel.AttentionTile;
import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.HeadRows;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.engine.kernel.NativeKernels;
import org.mojave.engine.kernel.StoredRows;
import org.mojave.engine.kernel.VectorAttention;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Softmax attention of one head over keys and values of each type, on one core; every query sees all keys before it. */
@State(Scope.Benchmark)
public class AttentionLadder {
    /** Heads that a row of the cache holds; one of them is read. */
    private static final int HEADS = 8;

    /** The best native kernels, or Java. */
    @Param({"native", "java"})
    public String path;

    @Param({"F32", "F16", "Q8"})
    public KeyValueType stored;

    /** Queries × keys × components. */
    @Param({"1x512x64", "1x8192x128", "64x2048x128"})
    public String shape;

    private final VectorAttention java = new VectorAttention();
    private final LinearAlgebra algebra = LinearAlgebra.preferred();
    private AttentionTile tile;
    private NativeKernels kernels;
    private float[] memory;

    @Setup
    public void start() {
        int[] sizes = Ladder.shape(shape);
        int queries = sizes[0];
        int dimension = sizes[2];
        AttentionTile.Shape form = new AttentionTile.Shape(dimension, dimension, (float) (1 / Math.sqrt(dimension)), Float.NEGATIVE_INFINITY);
        tile = new AttentionTile(new Block(SampleMatrices.floats(queries * dimension), 0, dimension), rows(sizes[1], dimension),
                rows(sizes[1], dimension), new Block(new float[queries * dimension], 0, dimension), form, sizes[1] - queries, new int[queries]);
        memory = new float[NativeKernels.attentionFloats(form)];
        kernels = path.equals("native") ? Ladder.natives() : null;
    }

    private HeadRows rows(int count, int dimension) {
        StoredRows rows = new StoredRows(stored, HEADS, dimension);
        rows.resize(count, 0);
        rows.write(0, SampleMatrices.floats(count * rows.width()), 0, count);
        return new HeadRows.Stored(rows, HEADS / 2, 0);
    }

    /** Two products of queries with keys or values. */
    static double operations(String shape) {
        return 4 * Arrays.stream(Ladder.shape(shape)).asDoubleStream().reduce(1, (a, b) -> a * b);
    }

    @Benchmark
    public float[] attention() {
        if (kernels == null) {
            java.attend(tile, algebra);
        } else {
            kernels.attend(tile, memory);
        }
        return tile.contexts().values();
    }
}
