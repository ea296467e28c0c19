package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Attention over stored keys and values: native variants and Java, against the oracle over the same rows. */
class StoredAttentionTest {
    private static final long SEED = 91;
    private static final int[][] DIMENSIONS = {{32, 32}, {64, 128}, {192, 128}, {72, 40}, {20, 7}};
    /** Queries, keys before them, and how many keys a query sees. */
    private static final int[][] SIZES = {{1, 0, 9}, {1, 63, 999}, {1, 700, 999}, {3, 200, 17}, {7, 0, 999}, {64, 330, 999}, {13, 300, 70}};
    private static final int HEADS = 3;
    private static final int HEAD = 1;
    private static final int BEFORE = 2;

    private static StoredRows stored(KeyValueType type, int rows, int dimension, Random random) {
        StoredRows stored = new StoredRows(type, HEADS, dimension);
        stored.resize(rows, 0);
        stored.write(0, KernelSamples.floats(rows * HEADS * dimension, random), 0, rows);
        return stored;
    }

    private static AttentionTile tile(KeyValueType type, int[] size, AttentionTile.Shape shape) {
        Random random = new Random(SEED);
        int[] first = new int[size[0]];
        for (int i = 0; i < first.length; i++) {
            first[i] = Math.max(0, size[1] + i + 1 - size[2]);
        }
        int rows = BEFORE + size[0] + size[1];
        int queryStride = 2 * shape.keyDimension() + 3;
        int contextStride = 3 * shape.valueDimension() + 1;
        return new AttentionTile(new Block(KernelSamples.floats(5 + size[0] * queryStride, random), 5, queryStride),
                new HeadRows.Stored(stored(type, rows, shape.keyDimension(), random), HEAD, BEFORE),
                new HeadRows.Stored(stored(type, rows, shape.valueDimension(), random), HEAD, BEFORE),
                new Block(KernelSamples.floats(3 + size[0] * contextStride, random), 3, contextStride), shape, size[1], first);
    }

    private static AttentionTile copy(AttentionTile tile) {
        Block contexts = tile.contexts();
        return new AttentionTile(tile.queries(), tile.keys(), tile.values(),
                new Block(contexts.values().clone(), contexts.offset(), contexts.stride()), tile.shape(), tile.last(), tile.first());
    }

    @ParameterizedTest
    @EnumSource(KeyValueType.class)
    void everyPathEqualsTheOracleAndNativeOnesEachOther(KeyValueType type) {
        for (int[] dimension : DIMENSIONS) {
            for (float sink : new float[] {Float.NEGATIVE_INFINITY, 1.5f}) {
                AttentionTile.Shape shape = new AttentionTile.Shape(dimension[0], dimension[1], 0.3f, sink);
                for (int[] size : SIZES) {
                    AttentionTile expected = tile(type, size, shape);
                    List<float[]> natives = new ArrayList<>();
                    for (NativeKernels kernels : PackedSamples.kernels()) {
                        AttentionTile actual = copy(expected);
                        kernels.attend(actual);
                        natives.add(actual.contexts().values());
                        assertThat(natives.getLast()).as("%s", kernels.variant()).isEqualTo(natives.getFirst());
                    }
                    List<float[]> all = new ArrayList<>(natives);
                    for (LinearAlgebra algebra : List.of(LinearAlgebra.preferred(), new PortableAlgebra())) {
                        AttentionTile actual = copy(expected);
                        new VectorAttention().attend(actual, algebra);
                        all.add(actual.contexts().values());
                    }
                    ScalarReference.attend(expected);
                    for (float[] contexts : all) {
                        assertThat(KernelSamples.largestDifference(contexts, expected.contexts().values()))
                                .as("%s, %s, %s queries after %s, window %s, path %s", type, shape, size[0], size[1], size[2], all.indexOf(contexts))
                                .isLessThan(1e-5f);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(KeyValueType.class)
    void nativeAttentionOverStoredRowsEqualsThatOverTheirFloatsInEveryBit(KeyValueType type) {
        AttentionTile.Shape shape = new AttentionTile.Shape(72, 40, 0.1f, Float.NEGATIVE_INFINITY);
        for (NativeKernels kernels : PackedSamples.kernels()) {
            AttentionTile tile = tile(type, new int[] {9, 150, 100}, shape);
            int rows = tile.last() + 9;
            float[] keys = new float[rows * 72];
            float[] values = new float[rows * 40];
            tile.keys().read(0, rows, 72, keys);
            tile.values().read(0, rows, 40, values);
            AttentionTile floats = new AttentionTile(tile.queries(), new HeadRows.Floats(new Block(keys, 0, 72)),
                    new HeadRows.Floats(new Block(values, 0, 40)), copy(tile).contexts(), shape, tile.last(), tile.first());
            kernels.attend(tile);
            kernels.attend(floats);
            assertThat(tile.contexts().values()).as("%s", kernels.variant()).isEqualTo(floats.contexts().values());
        }
    }

    @ParameterizedTest
    @EnumSource(KeyValueType.class)
    void hugeScoresDoNotOverflow(KeyValueType type) {
        AttentionTile expected = tile(type, new int[] {5, 400, 999}, new AttentionTile.Shape(64, 64, 1e4f, Float.NEGATIVE_INFINITY));
        AttentionTile java = copy(expected);
        new VectorAttention().attend(java, LinearAlgebra.preferred());
        List<AttentionTile> all = new ArrayList<>(List.of(java));
        for (NativeKernels kernels : PackedSamples.kernels()) {
            all.add(copy(expected));
            kernels.attend(all.getLast());
        }
        ScalarReference.attend(expected);
        for (AttentionTile actual : all) {
            assertThat(KernelSamples.largestDifference(actual.contexts().values(), expected.contexts().values())).isLessThan(1e-2f);
        }
    }
}
