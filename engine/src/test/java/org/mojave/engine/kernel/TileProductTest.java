package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/** The Java vectors against {@link PackedOracle}, which native kernels are held against, too: both compute the same bits. */
class TileProductTest {
    private static final long SEED = 11;

    static List<PackedLayout> layouts() {
        return PackedSamples.layouts().stream().filter(layout -> TileProduct.supports(layout.scheme())).toList();
    }

    private static QuantizedActivations oracle(float[] x, int tokens, int columns, int group) {
        QuantizedActivations expected = new QuantizedActivations();
        expected.reshape(tokens, columns, group);
        PackedOracle.quantize(x, expected);
        return expected;
    }

    private static QuantizedActivations rounded(float[] x, int tokens, int columns, int group, int bits) {
        QuantizedActivations rounded = new QuantizedActivations();
        rounded.reshape(tokens, columns, group);
        rounded.makeFactors(bits);
        rounded.round(new Block(x, 0, columns), 0, tokens);
        return rounded;
    }

    @Test
    void roundingEqualsTheOracleInEveryBit() {
        Random random = new Random(SEED);
        for (int columns : new int[] {1, 20, 317, 512}) {
            float[] x = KernelSamples.floats(4 * columns, random);
            Arrays.fill(x, columns, 2 * columns, 1e-31f);
            x[2 * columns] = Float.NaN;
            x[4 * columns - 1] = Float.NEGATIVE_INFINITY;
            for (int group : new int[] {32, 64, 128}) {
                QuantizedActivations expected = oracle(x, 4, columns, group);
                QuantizedActivations actual = rounded(x, 4, columns, group, 4);
                assertThat(actual.values()).as("%d columns, seed %d", columns, SEED).isEqualTo(expected.values());
                assertThat(actual.scales()).isEqualTo(expected.scales());
                assertThat(actual.sums()).isEqualTo(expected.sums());
            }
        }
    }

    /** The largest codes and activations are among them: sums in 16 bits must not overflow. */
    @ParameterizedTest
    @MethodSource("layouts")
    void theProductEqualsTheOracleInEveryBit(PackedLayout layout) {
        if (!TileProduct.SUPPORTED) {
            return;
        }
        Random random = new Random(SEED);
        PackedMatrix w = PackedSamples.random(layout, random);
        int tokens = 3;
        float[] x = KernelSamples.floats(tokens * layout.columns(), random);
        Arrays.fill(x, layout.columns(), 2 * layout.columns(), -2);
        for (int group = 32; group <= QuantizedActivations.groupColumns(layout.scheme()); group *= 2) {
            float[] expected = new float[tokens * layout.rows()];
            PackedOracle.multiply(w, oracle(x, tokens, layout.columns(), group), expected);
            float[] actual = new float[expected.length];
            TileProduct product = new TileProduct(w, rounded(x, tokens, layout.columns(), group, layout.scheme().bits()));
            for (int tile = 0; tile < layout.tiles(); tile++) {
                product.load(tile);
                for (int token = 0; token < tokens; token++) {
                    product.multiply(token, new Block(actual, 0, layout.rows()));
                }
            }
            assertThat(actual).as("activation group %d, seed %d", group, SEED).isEqualTo(expected);
        }
    }

    /** All codes at their largest, all activations at theirs: the longest sums there are. */
    @ParameterizedTest
    @MethodSource("layouts")
    void theLongestSumsFit(PackedLayout layout) {
        PackedMatrix w = PackedSamples.random(layout, new Random(SEED));
        long codes = layout.codesOffset();
        for (int tile = 0; tile < layout.tiles(); tile++) {
            w.bytes().asSlice(tile * layout.tileBytes() + codes, layout.tileBytes() - codes).fill((byte) 0xff);
        }
        for (float value : new float[] {-1, 1}) {
            float[] x = new float[layout.columns()];
            Arrays.fill(x, value);
            int group = QuantizedActivations.groupColumns(layout.scheme());
            float[] expected = new float[layout.rows()];
            PackedOracle.multiply(w, oracle(x, 1, layout.columns(), group), expected);
            float[] actual = new float[expected.length];
            TileProduct product = new TileProduct(w, rounded(x, 1, layout.columns(), group, layout.scheme().bits()));
            for (int tile = 0; tile < layout.tiles(); tile++) {
                product.load(tile);
                product.multiply(0, new Block(actual, 0, layout.rows()));
            }
            assertThat(actual).isEqualTo(expected);
        }
    }

    /** What is kept for one width must not disturb another: 3 bits need factors of 1 and 2, 8 bits others, and memory is counted. */
    @Test
    void matricesOfSeveralWidthsShareActivations() {
        Random random = new Random(SEED);
        int columns = 128;
        float[] x = KernelSamples.floats(columns, random);
        QuantizedActivations shared = new QuantizedActivations();
        shared.reshape(1, columns, 64);
        long before = shared.bytes();
        List<Scheme> schemes = List.of(Scheme.parse("3g64a"), Scheme.parse("4g64a"), Scheme.parse("8g64s"));
        schemes.forEach(scheme -> shared.makeFactors(scheme.bits()));
        assertThat(shared.bytes() - before).isEqualTo(4L * (3 * columns / 2 + columns));
        shared.round(new Block(x, 0, columns), 0, 1);
        for (Scheme scheme : schemes) {
            PackedMatrix w = PackedSamples.random(new PackedLayout(scheme, 16, columns), random);
            float[] expected = new float[16];
            PackedOracle.multiply(w, oracle(x, 1, columns, 64), expected);
            float[] actual = new float[16];
            TileProduct product = new TileProduct(w, shared);
            product.load(0);
            product.multiply(0, new Block(actual, 0, 16));
            assertThat(actual).as(scheme.id()).isEqualTo(expected);
        }
    }
}
