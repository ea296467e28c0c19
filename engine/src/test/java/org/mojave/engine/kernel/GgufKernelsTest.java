package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.format.gguf.GgufType;

/** Every GGUF type with kernels on every variant that this processor has, against the codec of the type. */
class GgufKernelsTest {
    private static final long SEED = 43;
    /** One, all register blocks with rests, and more than go into a call. */
    private static final int[] TOKENS = {1, 3, 4, 13, 103};

    static List<Arguments> cases() {
        List<Arguments> cases = new ArrayList<>();
        for (NativeKernels kernels : PackedSamples.kernels()) {
            for (GgufType type : GgufSamples.types()) {
                for (int columns : type.blockElements() == 32 ? new int[] {32, 288, 768} : new int[] {256, 768}) {
                    cases.add(Arguments.of(kernels.variant(), type, columns, kernels));
                }
            }
        }
        return cases;
    }

    private static GgufActivations quantized(NativeKernels kernels, float[] x, int tokens, int columns) {
        GgufActivations target = new GgufActivations();
        target.reshape(tokens, columns);
        kernels.gguf().quantize(new Block(x, 0, columns), 0, tokens, target);
        return target;
    }

    /** Σ decoded weight · scale · value in doubles; [0] the sums, [1] the sums of the terms' sizes. */
    private static double[][] reference(GgufMatrix w, GgufActivations x) {
        double[][] y = new double[2][x.tokens() * w.rows()];
        float[] weights = new float[w.columns()];
        for (int r = 0; r < w.rows(); r++) {
            w.tensor().decode((long) r * w.columns(), weights, 0, w.columns());
            for (int t = 0; t < x.tokens(); t++) {
                for (int c = 0; c < w.columns(); c++) {
                    int at = t * x.spans() * GgufActivations.SPAN + c;
                    double term = (double) weights[c] * x.scales()[at / GgufActivations.RUN] * x.values()[at];
                    y[0][t * w.rows() + r] += term;
                    y[1][t * w.rows() + r] += Math.abs(term);
                }
            }
        }
        return y;
    }

    @ParameterizedTest(allowZeroInvocations = true, name = "{0} {1} {2} columns")
    @MethodSource("cases")
    void productIsTheCodecsWeightsTimesTheRoundedActivations(NativeVariant variant, GgufType type, int columns, NativeKernels kernels) {
        Random random = new Random(SEED);
        GgufMatrix w = GgufSamples.random(type, 37, columns, random);
        NativeKernels other = PackedSamples.kernels().getLast();
        for (int tokens : TOKENS) {
            GgufActivations x = quantized(kernels, KernelSamples.floats(tokens * columns, random), tokens, columns);
            double[][] expected = reference(w, x);
            float[] all = new float[tokens * w.rows()];
            multiply(kernels, w, x, 0, 37, all);
            for (int i = 0; i < all.length; i++) {
                // Codes minus their offset cancel: the sums are up to some ten times as large as the result.
                assertThat((double) all[i]).as("%s %s, element %d", variant, type, i).isCloseTo(expected[0][i], within(3e-6 * expected[1][i]));
            }
            float[] parts = new float[all.length];
            multiply(kernels, w, x, 20, 37, parts);
            multiply(kernels, w, x, 0, 1, parts);
            multiply(kernels, w, x, 1, 20, parts);
            assertThat(parts).as("%s %s, part by part", variant, type).isEqualTo(all);
            float[] others = new float[all.length];
            multiply(other, w, x, 0, 37, others);
            assertThat(others).as("%s %s, bits of %s", variant, type, other.variant()).isEqualTo(all);
        }
    }

    @Test
    void vectorsDecodeTheBitsOfTheCodec() {
        for (GgufType type : GgufSamples.types()) {
            GgufMatrix w = GgufSamples.random(type, 20, 512, new Random(SEED));
            float[] expected = new float[7 * 512 + 3];
            w.tensor().decode(5 * 512, expected, 3, 7 * 512);
            float[] actual = new float[expected.length];
            w.decode(5, 7, actual, 3);
            assertThat(actual).as("%s", type).isEqualTo(expected);
            assertThatThrownBy(() -> w.decode(15, 6, new float[6 * 512], 0)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> w.decode(15, 5, new float[5 * 512], 1)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void roundingIsThatOfThePackedPath() {
        float[] special = {0, -0f, Float.NaN, Float.POSITIVE_INFINITY, 1e-35f, Float.MAX_VALUE, -127.5f, 63.5f};
        for (NativeKernels kernels : PackedSamples.kernels()) {
            for (int columns : new int[] {32, 96, 256, 2048}) {
                float[] x = KernelSamples.floats(special.length * columns, new Random(SEED));
                for (int t = 0; t < special.length; t++) {
                    x[t * columns + columns / 2] = special[t];
                }
                QuantizedActivations expected = NativeKernelsTest.quantized(x, special.length, columns, 32);
                GgufActivations actual = quantized(kernels, x, special.length, columns);
                int padded = actual.spans() * GgufActivations.SPAN;
                for (int t = 0; t < special.length; t++) {
                    byte[] values = Arrays.copyOfRange(actual.values(), t * padded, (t + 1) * padded);
                    assertThat(values).isEqualTo(Arrays.copyOf(Arrays.copyOfRange(expected.values(), t * columns, (t + 1) * columns), padded));
                    for (int half = 0; half < padded / 16; half++) {
                        float scale = half < columns / 16 ? expected.scales()[t * expected.groups() + half / 2] : 0;
                        assertThat(Float.valueOf(actual.scales()[(t * padded + 16 * half) / 32])).isEqualTo(Float.valueOf(scale));
                        int sum = 0;
                        for (int i = 16 * half; i < 16 * half + 16; i++) {
                            sum += values[i];
                        }
                        assertThat(Float.valueOf(actual.sums()[t * padded / 16 + half])).isEqualTo(Float.valueOf(scale * sum));
                    }
                }
            }
        }
    }

    @Test
    void extremeValuesDoNotOverflow() {
        for (NativeKernels kernels : PackedSamples.kernels()) {
            for (GgufType type : GgufSamples.types()) {
                GgufMatrix w = GgufSamples.random(type, 16, 256, new Random(SEED));
                for (int b = 0; b < 256 / type.blockElements() * 16; b++) {
                    int code = type.blockBytes() - (type == GgufType.Q3_K || type == GgufType.Q6_K ? 30 : 12);
                    w.tensor().bytes().asSlice((long) b * type.blockBytes() + code, 8).fill((byte) (type == GgufType.Q8_0 ? 0x7f : 0xff));
                }
                float[] x = new float[5 * 256];
                Arrays.fill(x, -3);
                for (int tokens : new int[] {1, 5}) {
                    GgufActivations activations = quantized(kernels, x, tokens, 256);
                    double[][] expected = reference(w, activations);
                    float[] actual = new float[16 * tokens];
                    multiply(kernels, w, activations, 0, 16, actual);
                    for (int i = 0; i < actual.length; i++) {
                        assertThat((double) actual[i]).as("%s %s", kernels.variant(), type).isCloseTo(expected[0][i], within(3e-6 * expected[1][i]));
                    }
                }
            }
        }
    }

    @Test
    void argumentsOutOfBoundsNeverReachTheLibrary() {
        for (NativeKernels kernels : PackedSamples.kernels()) {
            GgufMatrix w = GgufSamples.random(GgufType.Q4_0, 40, 96, new Random(SEED));
            GgufActivations x = quantized(kernels, new float[192], 2, 96);
            float[] y = new float[80];
            assertThatThrownBy(() -> multiply(kernels, w, x, 0, 41, y)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> multiply(kernels, w, x, -1, 2, y)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> multiply(kernels, w, x, 0, 40, new float[79])).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> multiply(kernels, w, quantized(kernels, new float[128], 2, 64), 0, 40, y))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("64 columns");
            assertThatThrownBy(() -> kernels.gguf().multiply(w, x, new NativeKernels.Rows(0, 40), new Block(y, 1, 40), false))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.gguf().quantize(new Block(new float[191], 0, 96), 0, 2, x)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.gguf().quantize(new Block(new float[288], 0, 96), 1, 2, x)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.gguf().quantize(new Block(new float[288], 0, 97), 0, 2, x))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("97 apart");
        }
    }

    private static void multiply(NativeKernels kernels, GgufMatrix w, GgufActivations x, int first, int end, float[] y) {
        kernels.gguf().multiply(w, x, new NativeKernels.Rows(first, end), new Block(y, 0, w.rows()), false);
    }
}
