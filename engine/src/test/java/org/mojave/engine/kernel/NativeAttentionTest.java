package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention and SiLU of every variant that this processor has, against float64. */
class NativeAttentionTest {
    private static final long SEED = 43;
    private static final int[][] DIMENSIONS = {{32, 32}, {64, 128}, {128, 128}, {192, 128}, {80, 96}, {72, 40}, {20, 7}};

    static List<NativeKernels> kernels() {
        return PackedSamples.kernels();
    }

    /** {@code queries} after {@code before} keys, the last of which a window of {@code window} hides. */
    private static AttentionTile tile(int queries, int before, int window, AttentionTile.Shape shape) {
        Random random = new Random(SEED);
        int seen = before + queries;
        int[] first = new int[queries];
        for (int i = 0; i < queries; i++) {
            first[i] = Math.max(0, before + i + 1 - window);
        }
        int keyStride = 2 * shape.keyDimension() + 3;
        int valueStride = 3 * shape.valueDimension() + 1;
        return new AttentionTile(new Block(KernelSamples.floats(5 + queries * keyStride, random), 5, keyStride),
                new HeadRows.Floats(new Block(KernelSamples.floats(1 + seen * keyStride, random), 1, keyStride)),
                new HeadRows.Floats(new Block(KernelSamples.floats(2 + seen * valueStride, random), 2, valueStride)),
                new Block(KernelSamples.floats(3 + queries * valueStride, random), 3, valueStride), shape, before, first);
    }

    private static AttentionTile copy(AttentionTile tile) {
        Block contexts = tile.contexts();
        return new AttentionTile(tile.queries(), tile.keys(), tile.values(),
                new Block(contexts.values().clone(), contexts.offset(), contexts.stride()), tile.shape(), tile.last(), tile.first());
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("kernels")
    void attentionEqualsTheOracle(NativeKernels kernels) {
        for (int[] dimension : DIMENSIONS) {
            for (float sink : new float[] {Float.NEGATIVE_INFINITY, 1.5f}) {
                AttentionTile.Shape shape = new AttentionTile.Shape(dimension[0], dimension[1], 0.3f, sink);
                for (int[] size : new int[][] {{1, 0, 9}, {1, 63, 999}, {1, 200, 17}, {7, 0, 999}, {64, 0, 999}, {64, 130, 999}, {13, 300, 70}}) {
                    AttentionTile expected = tile(size[0], size[1], size[2], shape);
                    AttentionTile actual = copy(expected);
                    ScalarReference.attend(expected);
                    kernels.attend(actual);
                    assertThat(KernelSamples.largestDifference(actual.contexts().values(), expected.contexts().values()))
                            .as("%s, %s, %s queries after %s, window %s", kernels.variant(), shape, size[0], size[1], size[2])
                            .isLessThan(1e-5f);
                }
            }
        }
    }

    @Test
    void allVariantsReturnTheSameBits() {
        AttentionTile.Shape shape = new AttentionTile.Shape(128, 96, 0.1f, Float.NEGATIVE_INFINITY);
        AttentionTile first = null;
        for (NativeKernels kernels : kernels()) {
            AttentionTile tile = tile(23, 150, 100, shape);
            kernels.attend(tile);
            first = first == null ? tile : first;
            assertThat(tile.contexts().values()).as("%s", kernels.variant()).isEqualTo(first.contexts().values());
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("kernels")
    void oneQueryAtATimeGivesTheSameBitsAsTogether(NativeKernels kernels) {
        AttentionTile.Shape shape = new AttentionTile.Shape(128, 128, 0.1f, Float.NEGATIVE_INFINITY);
        AttentionTile together = tile(13, 90, 999, shape);
        AttentionTile single = copy(together);
        kernels.attend(together);
        for (int i = 0; i < 13; i++) {
            kernels.attend(new AttentionTile(single.queries().at(i, 0), single.keys(), single.values(), single.contexts().at(i, 0),
                    shape, 90 + i, new int[] {0}));
        }
        assertThat(single.contexts().values()).isEqualTo(together.contexts().values());
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("kernels")
    void hugeScoresDoNotOverflow(NativeKernels kernels) {
        AttentionTile.Shape shape = new AttentionTile.Shape(64, 64, 1e4f, Float.NEGATIVE_INFINITY);
        AttentionTile expected = tile(5, 100, 999, shape);
        AttentionTile actual = copy(expected);
        ScalarReference.attend(expected);
        kernels.attend(actual);
        assertThat(KernelSamples.largestDifference(actual.contexts().values(), expected.contexts().values())).isLessThan(1e-2f);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("kernels")
    void siluEqualsTheOracle(NativeKernels kernels) {
        Random random = new Random(SEED);
        for (int count : new int[] {1, 7, 16, 33, 1000}) {
            float[] gate = KernelSamples.floats(count + 4, random);
            for (int i = 0; i < gate.length; i++) {
                gate[i] *= 20;
            }
            gate[2] = count > 7 ? -1000 : gate[2];
            gate[count] = count > 7 ? 1000 : gate[count];
            float[] up = KernelSamples.floats(count + 4, random);
            float[] actual = gate.clone();
            kernels.silu(actual, up, 2, count + 2);
            for (int i = 0; i < gate.length; i++) {
                double expected = i < 2 || i >= count + 2 ? gate[i] : ScalarReference.silu(gate[i], up[i]);
                assertThat((double) actual[i]).as("%s, %d of %d: silu(%s) · %s", kernels.variant(), i, count, gate[i], up[i])
                        .isCloseTo(expected, within(1e-6 * Math.abs(expected) + 1e-30));
            }
        }
        float[] special = {Float.NaN, Float.POSITIVE_INFINITY, 0};
        kernels.silu(special, new float[] {1, 1, 1}, 0, 3);
        assertThat(special).containsExactly(Float.NaN, Float.POSITIVE_INFINITY, 0);
    }

    @Test
    void tilesThatLeaveTheirArraysAreRefused() {
        AttentionTile.Shape shape = new AttentionTile.Shape(8, 8, 1, Float.NEGATIVE_INFINITY);
        Block row = new Block(new float[8], 0, 8);
        HeadRows one = new HeadRows.Floats(row);
        HeadRows two = new HeadRows.Floats(new Block(new float[16], 0, 8));
        assertThatThrownBy(() -> new AttentionTile(row, one, two, row, shape, 1, new int[1])).hasMessageContaining("leaves an array of 8");
        assertThatThrownBy(() -> new AttentionTile(row, two, one, row, shape, 1, new int[1])).hasMessageContaining("leaves an array of 8");
        assertThatThrownBy(() -> new AttentionTile(row, two, two, row, shape, 1, new int[] {2})).hasMessageContaining("sees no key");
        assertThatThrownBy(() -> new AttentionTile(row, two, two, row, shape, 1, new int[65])).hasMessageContaining("1 to 64 queries");
        StoredRows stored = new StoredRows(KeyValueType.Q8, 2, 8);
        stored.resize(2, 0);
        HeadRows second = new HeadRows.Stored(stored, 1, 0);
        assertThatThrownBy(() -> new AttentionTile(row, second, two, row, shape, 1, new int[1])).hasMessageContaining("stored as q8");
        for (HeadRows wrong : new HeadRows[] {new HeadRows.Stored(stored, 2, 0), new HeadRows.Stored(stored, 0, 1), new HeadRows.Stored(stored, -1, 0)}) {
            assertThatThrownBy(() -> new AttentionTile(row, second, wrong, row, shape, 1, new int[1])).hasMessageContaining("leave 2 stored rows");
        }
        for (NativeKernels kernels : kernels()) {
            assertThatThrownBy(() -> kernels.silu(new float[4], new float[3], 0, 4)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }
}
