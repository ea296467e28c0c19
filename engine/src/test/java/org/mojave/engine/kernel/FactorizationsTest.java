package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FactorizationsTest {
    private static final long SEED = 11;
    private static final int[] ORDERS = {1, 2, 17, 64, 150};

    @ParameterizedTest
    @MethodSource("org.mojave.engine.kernel.KernelSamples#algebras")
    void factorsEqualTheScalarReference(LinearAlgebra algebra) {
        Random random = new Random(SEED);
        for (int n : ORDERS) {
            double[] h = KernelSamples.positiveDefinite(n, random);
            double[] expected = h.clone();
            double[] actual = h.clone();
            assertThat(ScalarReference.cholesky(expected, n)).isTrue();
            assertThat(algebra.cholesky(actual, n)).isTrue();
            assertThat(actual).as("order %d, seed %d", n, SEED).containsExactly(expected, within(1e-9));
            assertThat(ScalarReference.invertLower(expected, n)).isTrue();
            assertThat(algebra.invertLower(actual, n)).isTrue();
            assertThat(actual).containsExactly(expected, within(1e-9));
        }
    }

    @ParameterizedTest
    @MethodSource("org.mojave.engine.kernel.KernelSamples#algebras")
    void inverseTimesMatrixIsOneAndTheUpperFactorGivesTheInverse(LinearAlgebra algebra) {
        Random random = new Random(SEED);
        for (int n : ORDERS) {
            double[] h = KernelSamples.positiveDefinite(n, random);
            double[] inverse = h.clone();
            assertThat(algebra.invert(inverse, n)).isTrue();
            double[] upper = h.clone();
            assertThat(algebra.inverseUpperFactor(upper, n)).isTrue();
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    double one = 0;
                    double product = 0;
                    for (int k = 0; k < n; k++) {
                        one += inverse[i * n + k] * h[k * n + j];
                        product += upper[k * n + i] * upper[k * n + j];
                    }
                    assertThat(one).as("order %d, seed %d", n, SEED).isCloseTo(i == j ? 1 : 0, within(1e-8));
                    assertThat(product).isCloseTo(inverse[i * n + j], within(1e-9));
                    if (j < i) {
                        assertThat(upper[i * n + j]).isZero();
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.mojave.engine.kernel.KernelSamples#algebras")
    void indefiniteAndBrokenMatricesAreRefused(LinearAlgebra algebra) {
        assertThat(algebra.cholesky(new double[] {1, 0, 2, 1}, 2)).isFalse();
        assertThat(algebra.cholesky(new double[] {1, 0, Double.NaN, 1}, 2)).isFalse();
        assertThat(algebra.inverseUpperFactor(new double[] {0, 0, 0, 0}, 2)).isFalse();
        assertThat(algebra.invertLower(new double[] {1, 0, 2, 0}, 2)).isFalse();
    }
}
