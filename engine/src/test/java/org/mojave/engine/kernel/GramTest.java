package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GramTest {
    private static final long SEED = 99;

    @ParameterizedTest
    @MethodSource("org.mojave.engine.kernel.KernelSamples#algebras")
    void equalsTheScalarReferencePlainAndWeighted(LinearAlgebra algebra) {
        Random random = new Random(SEED);
        try (Workers one = new Workers(1, algebra); Workers two = new Workers(2, algebra)) {
            for (int columns : new int[] {1, 63, 130, 515}) {
                Gram gram = new Gram(columns);
                Gram shared = new Gram(columns);
                float[] expected = new float[columns * columns];
                for (int tokens : new int[] {1, 40, 1030}) {
                    float[] x = KernelSamples.floats(tokens * columns, random);
                    float[] weights = tokens == 40 ? null : KernelSamples.floats(tokens, random);
                    ScalarReference.gram(expected, columns, x, weights, tokens);
                    gram.add(x, weights, tokens, one);
                    shared.add(x, weights, tokens, two);
                }
                assertThat(gram.tokens()).isEqualTo(1071);
                assertThat(Arrays.equals(shared.matrix(), gram.matrix())).as("one thread and two").isTrue();
                assertThat(KernelSamples.largestDifference(gram.matrix(), expected)).as("%d columns, seed %d", columns, SEED)
                        .isLessThan(2e-3f);
            }
        }
    }
}
