package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.ElementType;

/** Runs over every variant that this processor has; {@link NativeSupportTest} checks that a build with a compiler has some. */
class NativeKernelsTest {
    private static final long SEED = 41;
    /** Whole register blocks of both widths, and what is left of them. */
    private static final int TOKENS = 15;

    static List<Arguments> packed() {
        List<Arguments> cases = new ArrayList<>();
        for (NativeKernels kernels : PackedSamples.kernels()) {
            PackedSamples.layouts().forEach(layout -> cases.add(Arguments.of(kernels.variant(), layout, kernels)));
        }
        return cases;
    }

    static QuantizedActivations quantized(float[] x, int tokens, int columns, int group) {
        QuantizedActivations target = new QuantizedActivations();
        target.reshape(tokens, columns, group);
        PackedOracle.quantize(x, target);
        return target;
    }

    @ParameterizedTest(allowZeroInvocations = true, name = "{0} {1}")
    @MethodSource("packed")
    void packedProductEqualsTheOracleInEveryBit(NativeVariant variant, PackedLayout layout, NativeKernels kernels) {
        Random random = new Random(SEED);
        PackedMatrix w = PackedSamples.random(layout, random);
        float[] x = KernelSamples.floats(TOKENS * layout.columns(), random);
        int widest = QuantizedActivations.groupColumns(layout.scheme());
        for (int group = 32; group <= widest; group *= 2) {
            QuantizedActivations activations = quantized(x, TOKENS, layout.columns(), group);
            float[] expected = new float[TOKENS * layout.rows()];
            PackedOracle.multiply(w, activations, expected);
            float[] all = new float[expected.length];
            multiply(kernels, w, activations, 0, layout.tiles(), all);
            assertThat(all).as("%s, activation group %d, seed %d", variant, group, SEED).isEqualTo(expected);
            float[] parts = new float[expected.length];
            for (int tile = layout.tiles() - 1; tile >= 0; tile--) {
                multiply(kernels, w, activations, tile, tile + 1, parts);
            }
            assertThat(parts).as("tile by tile").isEqualTo(expected);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true, name = "{0} {1}")
    @MethodSource("packed")
    void oneTokenIsCloseToTheProductWithFloats(NativeVariant variant, PackedLayout layout, NativeKernels kernels) {
        Random random = new Random(SEED + 1);
        PackedMatrix w = PackedSamples.random(layout, random);
        float[] x = KernelSamples.floats(layout.columns(), random);
        float[] expected = new float[layout.rows()];
        ScalarReference.multiply(w, x, 1, expected);
        float[] actual = new float[layout.rows()];
        int group = QuantizedActivations.groupColumns(layout.scheme());
        multiply(kernels, w, quantized(x, 1, layout.columns(), group), 0, layout.tiles(), actual);
        float[] weights = new float[layout.columns()];
        for (int r = 0; r < layout.rows(); r++) {
            w.decode(r, 1, weights, 0);
            double squares = 0;
            for (float weight : weights) {
                squares += weight * weight;
            }
            // An activation is off by a uniform error of at most max/254; normal values stay below 4.5. Six deviations.
            double noise = 4.5 / 254 / Math.sqrt(3) * Math.sqrt(squares);
            assertThat((double) actual[r]).as("%s, row %d", variant, r).isCloseTo(expected[r], within(6 * noise));
        }
    }

    static List<NativeKernels> kernels() {
        return PackedSamples.kernels();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("kernels")
    void extremeValuesDoNotOverflow(NativeKernels kernels) {
        for (String id : List.of("8rowa", "8g128s", "4g128a", "3g128a", "2rows", "1g64a", "6g64a6", "5rowa", "4rowt", "2g64t6")) {
            PackedLayout layout = new PackedLayout(Scheme.parse(id), 16, 4096);
            PackedMatrix w = PackedSamples.random(layout, new Random(SEED));
            w.bytes().asSlice(layout.codesOffset(), layout.tileBytes() - layout.codesOffset()).fill((byte) 0xff);
            float[] x = new float[layout.columns()];
            Arrays.fill(x, -3);
            QuantizedActivations activations =
                    quantized(x, 1, layout.columns(), QuantizedActivations.groupColumns(layout.scheme()));
            float[] expected = new float[16];
            PackedOracle.multiply(w, activations, expected);
            float[] actual = new float[16];
            multiply(kernels, w, activations, 0, 1, actual);
            assertThat(actual).as("%s %s", kernels.variant(), id).isEqualTo(expected);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("kernels")
    void quantizationEqualsTheOracle(NativeKernels kernels) {
        float[] special = {0, -0f, Float.NaN, Float.POSITIVE_INFINITY, 1e-35f, Float.MAX_VALUE, -127.5f, 63.5f};
        Random random = new Random(SEED);
        for (int columns : new int[] {1, 31, 32, 100, 317, 2048}) {
            for (int group = 32; group <= 128; group *= 2) {
                float[] x = KernelSamples.floats(special.length * columns, random);
                for (int t = 0; t < special.length; t++) {
                    x[t * columns + columns / 2] = special[t];
                    Arrays.fill(x, t * columns, t * columns + Math.min(columns, 3), special[t]);
                }
                QuantizedActivations expected = quantized(x, special.length, columns, group);
                QuantizedActivations actual = new QuantizedActivations();
                actual.reshape(special.length, columns, group);
                kernels.quantize(new Block(x, 0, columns), 0, 3, actual);
                kernels.quantize(new Block(x, 0, columns), 3, special.length - 3, actual);
                assertThat(actual.values()).as("%d columns, group %d", columns, group).isEqualTo(expected.values());
                assertThat(actual.scales()).isEqualTo(expected.scales());
                assertThat(actual.sums()).isEqualTo(expected.sums());
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("kernels")
    void denseProductEqualsTheOracleInEveryBit(NativeKernels kernels) {
        Random random = new Random(SEED);
        for (ElementType type : List.of(ElementType.F32, ElementType.BF16, ElementType.F16)) {
            for (int columns : new int[] {1, 63, 64, 200, 512}) {
                DenseMatrix w = KernelSamples.dense(type, 19, columns, random);
                float[] x = KernelSamples.floats(TOKENS * columns, random);
                float[] expected = new float[TOKENS * w.rows()];
                PackedOracle.multiply(w, x, TOKENS, expected);
                float[] actual = new float[expected.length];
                multiplyDense(kernels, w, new NativeKernels.Rows(7, 19), x, actual);
                multiplyDense(kernels, w, new NativeKernels.Rows(0, 7), x, actual);
                assertThat(actual).as("%s %s %d columns", kernels.variant(), type, columns).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("kernels")
    void argumentsOutOfBoundsNeverReachTheLibrary(NativeKernels kernels) {
        PackedLayout layout = new PackedLayout(Scheme.parse("4g64s"), 40, 200);
        PackedMatrix w = PackedSamples.random(layout, new Random(SEED));
        QuantizedActivations x = quantized(new float[400], 2, 200, 64);
        float[] y = new float[80];
        assertThatThrownBy(() -> multiply(kernels, w, x, 0, 4, y)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> multiply(kernels, w, x, -1, 2, y)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> multiply(kernels, w, x, 0, 3, new float[79])).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> multiply(kernels, w, quantized(new float[398], 2, 199, 64), 0, 3, y))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("199 columns");
        assertThatThrownBy(() -> multiply(kernels, w, quantized(new float[400], 2, 200, 128), 0, 3, y))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("groups of 128");
        assertThatThrownBy(() -> kernels.quantize(new Block(new float[399], 0, 200), 0, 2, x)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> kernels.quantize(new Block(new float[600], 0, 200), 1, 2, x)).isInstanceOf(IndexOutOfBoundsException.class);
        DenseMatrix dense = KernelSamples.dense(ElementType.BF16, 4, 8, new Random(SEED));
        assertThatThrownBy(() -> kernels.multiplyDense(dense, new NativeKernels.Rows(0, 5), new Block(new float[8], 0, 8), 1, new Block(new float[4], 0, 4)))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> kernels.multiplyDense(dense, new NativeKernels.Rows(0, 4), new Block(new float[7], 0, 8), 1, new Block(new float[4], 0, 4)))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> kernels.quantize(new Block(new float[600], 0, 201), 0, 2, x))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("201 apart");
        assertThatThrownBy(() -> kernels.multiply(w, x, new NativeKernels.Rows(0, 3), new Block(y, 1, 40)))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("kernels")
    void resultsGoWhereTheBlockStarts(NativeKernels kernels) {
        PackedLayout layout = new PackedLayout(Scheme.parse("4g64s"), 40, 200);
        PackedMatrix w = PackedSamples.random(layout, new Random(SEED));
        QuantizedActivations x = quantized(KernelSamples.floats(400, new Random(SEED)), 2, 200, 64);
        float[] expected = new float[80];
        multiply(kernels, w, x, 0, 3, expected);
        float[] y = new float[100];
        kernels.multiply(w, x, new NativeKernels.Rows(0, 3), new Block(y, 15, 40));
        assertThat(Arrays.copyOfRange(y, 15, 95)).isEqualTo(expected);
        assertThat(Arrays.copyOf(y, 15)).containsOnly(0);
        assertThat(Arrays.copyOfRange(y, 95, 100)).containsOnly(0);
    }

    private static void multiply(NativeKernels kernels, PackedMatrix w, QuantizedActivations x, int first, int end, float[] y) {
        kernels.multiply(w, x, new NativeKernels.Rows(first, end), new Block(y, 0, w.rows()));
    }

    private static void multiplyDense(NativeKernels kernels, DenseMatrix w, NativeKernels.Rows rows, float[] x, float[] y) {
        kernels.multiplyDense(w, rows, new Block(x, 0, w.columns()), TOKENS, new Block(y, 0, w.rows()));
    }
}
