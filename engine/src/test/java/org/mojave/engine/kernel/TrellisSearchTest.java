package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TrellisSearchTest {
    private static final long SEED = 4;

    static List<NativeKernels> kernels() {
        return PackedSamples.kernels();
    }

    /** An upper triangle as a Hessian's: a diagonal that varies, and weaker elements to the right. */
    private static float[] upper(int columns, Random random) {
        float[] upper = new float[columns * columns];
        for (int r = 0; r < columns; r++) {
            upper[r * columns + r] = 0.5f + random.nextFloat();
            for (int c = r + 1; c < columns; c++) {
                upper[r * columns + c] = (float) random.nextGaussian() * 0.05f;
            }
        }
        return upper;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("kernels")
    void nativeSearchFindsTheCodesOfThePortableOne(NativeKernels kernels) {
        Random random = new Random(SEED);
        for (int columns : new int[] {1, 31, 32, 77, 160, 301}) {
            float[] upper = upper(columns, random);
            for (int bits = 1; bits <= 4; bits++) {
                for (int width : new int[] {1, 5, 64}) {
                    TrellisSearch.Shape shape = new TrellisSearch.Shape(columns, bits, width);
                    TrellisSearch portable = TrellisSearch.of(Optional.empty(), upper, shape);
                    TrellisSearch fast = TrellisSearch.of(Optional.of(kernels), upper, shape);
                    for (int row = 0; row < 3; row++) {
                        float[] weights = KernelSamples.floats(columns, random);
                        float[] scales = new float[columns];
                        Arrays.fill(scales, 0.018f + row * 0.002f);
                        byte[] expected = new byte[columns];
                        byte[] actual = new byte[columns];
                        float loss = portable.run(weights, scales, expected);
                        assertThat(fast.run(weights, scales, actual)).as("%s %s, seed %d", kernels.variant(), shape, SEED).isEqualTo(loss);
                        assertThat(actual).as("%s %s, seed %d", kernels.variant(), shape, SEED).isEqualTo(expected);
                    }
                }
            }
        }
    }

    @Test
    void wrongShapesAreRefused() {
        assertThatThrownBy(() -> new TrellisSearch.Shape(3, 5, 1)).hasMessageContaining("5 bits");
        assertThatThrownBy(() -> TrellisSearch.of(Optional.empty(), new float[8], new TrellisSearch.Shape(3, 2, 1)))
                .hasMessageContaining("8 elements for 3 columns");
        PackedSamples.kernels().forEach(kernels -> assertThatThrownBy(() ->
                TrellisSearch.of(Optional.of(kernels), new float[9], new TrellisSearch.Shape(3, 2, 1)).run(new float[2], new float[3], new byte[3]))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("2 weights"));
    }
}
