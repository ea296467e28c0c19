package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.ElementType;

class ProductsTest {
    private static final long SEED = 4242;
    private static final int[][] ROWS_COLUMNS_TOKENS = {
        {1, 1, 1}, {1, 1, 5}, {7, 5, 3}, {16, 32, 4}, {65, 33, 6}, {130, 257, 13}, {300, 64, 2}, {33, 515, 31}, {256, 256, 67}, {2100, 40, 9}
    };

    @ParameterizedTest
    @MethodSource("org.mojave.engine.kernel.KernelSamples#algebras")
    void equalsTheScalarReferenceForEveryStorage(LinearAlgebra algebra) {
        Random random = new Random(SEED);
        try (Workers one = new Workers(1, algebra); Workers two = new Workers(2, algebra); Arena arena = Arena.ofShared()) {
            for (int[] shape : ROWS_COLUMNS_TOKENS) {
                for (ElementType type : new ElementType[] {ElementType.F32, ElementType.BF16, ElementType.F16}) {
                    check(KernelSamples.dense(type, shape[0], shape[1], random), shape[2], random, one, two);
                }
                for (String scheme : new String[] {"4g32s", "3rowa", "8g128a"}) {
                    PackedLayout layout = new PackedLayout(Scheme.parse(scheme), shape[0], shape[1]);
                    check(PackedMatrixTest.random(layout, arena), shape[2], random, one, two);
                }
            }
        }
    }

    private static void check(Matrix w, int tokens, Random random, Workers one, Workers two) {
        float[] x = KernelSamples.floats(tokens * w.columns(), random);
        float[] expected = new float[tokens * w.rows()];
        float[] actual = new float[expected.length];
        float[] shared = new float[expected.length];
        ScalarReference.multiply(w, x, tokens, expected);
        Products.multiply(w, x, tokens, actual, one);
        Products.multiply(w, x, tokens, shared, two);
        assertThat(Arrays.equals(shared, actual)).as("one thread and two").isTrue();
        // Each sum of n terms of size about 1 may be off by a few float32 roundings of its partial sums.
        float tolerance = 4e-6f * (float) Math.sqrt(w.columns()) * (largest(expected) + 1);
        assertThat(KernelSamples.largestDifference(actual, expected))
                .as("%s %d × %d, %d tokens, seed %d", w.storage(), w.rows(), w.columns(), tokens, SEED).isLessThan(tolerance);
    }

    private static float largest(float[] values) {
        float largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    @ParameterizedTest
    @MethodSource("org.mojave.engine.kernel.KernelSamples#algebras")
    void blocksInsideLargerArraysAreRespected(LinearAlgebra algebra) {
        Random random = new Random(SEED);
        Extent extent = new Extent(13, 39, 270);
        float[] x = KernelSamples.floats(20 * 300, random);
        float[] w = KernelSamples.floats(50 * 300, random);
        float[] expected = KernelSamples.floats(20 * 60, random);
        float[] actual = expected.clone();
        Block left = new Block(x, 5, 290);
        Block right = new Block(w, 3, 280);
        ScalarReference.multiplyTransposed(left, right, new Block(expected, 61, 55), extent);
        algebra.multiplyTransposed(left, right, new Block(actual, 61, 55), extent);
        assertThat(KernelSamples.largestDifference(actual, expected)).as("seed %d", SEED).isLessThan(1e-3f);

        Extent outer = new Extent(13, 39, 70);
        ScalarReference.addTransposed(-0.5f, new Block(x, 5, 21), new Block(w, 3, 40), new Block(expected, 61, 55), outer);
        algebra.addTransposed(-0.5f, new Block(x, 5, 21), new Block(w, 3, 40), new Block(actual, 61, 55), outer);
        assertThat(KernelSamples.largestDifference(actual, expected)).as("seed %d", SEED).isLessThan(1e-3f);
        assertThatThrownBy(() -> algebra.multiplyTransposed(left, right, new Block(new float[10], 0, 39), extent))
                .hasMessageContaining("leaves an array of 10");
    }
}
