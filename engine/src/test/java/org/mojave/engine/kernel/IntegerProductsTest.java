package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.ElementType;

class IntegerProductsTest {
    private static final long SEED = 21;

    private static List<PackedMatrix> matrices(Random random) {
        List<PackedMatrix> matrices = new ArrayList<>();
        PackedSamples.layouts().stream().filter(layout -> !layout.scheme().trellis())
                .forEach(layout -> matrices.add(PackedSamples.random(layout, random)));
        for (String id : List.of("5g64s", "6g32a")) {
            matrices.add(PackedSamples.random(new PackedLayout(Scheme.parse(id), 53, 317), random));
        }
        return matrices;
    }

    @ParameterizedTest
    @ValueSource(strings = {"2a1", "3s0.95", "4a", "4s", "8a", "8s0.9", "8a0.5"})
    void equalsTheOracleBitByBitWithAnyNumberOfThreads(String id) {
        ActivationScheme scheme = ActivationScheme.parse(id);
        Random random = new Random(SEED);
        try (Workers one = new Workers(1); Workers three = new Workers(3)) {
            for (PackedMatrix w : matrices(random)) {
                int tokens = 5;
                float[] x = KernelSamples.floats(tokens * w.columns(), random);
                Arrays.fill(x, w.columns(), 2 * w.columns(), 0);
                float[] expected = new float[tokens * w.rows()];
                IntegerOracle.multiply(w, x, tokens, scheme, expected);
                for (Workers workers : List.of(one, three)) {
                    float[] y = new float[expected.length];
                    new IntegerProducts(scheme).multiply(w, x, tokens, y, workers);
                    assertThat(y).as(w.storage()).isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void moreBitsAreCloserToTheExactProduct() {
        Random random = new Random(SEED);
        PackedMatrix w = PackedSamples.random(new PackedLayout(Scheme.parse("4g32a"), 64, 256), random);
        float[] x = KernelSamples.floats(8 * 256, random);
        double before = Double.POSITIVE_INFINITY;
        try (Workers workers = new Workers(1)) {
            float[] exact = new float[8 * 64];
            new ExactProducts().multiply(w, x, 8, exact, workers);
            for (int bits = 2; bits <= 8; bits++) {
                float[] y = new float[exact.length];
                new IntegerProducts(new ActivationScheme(bits, false, 1)).multiply(w, x, 8, y, workers);
                double error = 0;
                for (int i = 0; i < y.length; i++) {
                    error += Math.pow(y[i] - exact[i], 2);
                }
                assertThat(error).as("%d bits", bits).isLessThan(before / 2);
                before = error;
            }
        }
    }

    /** Codes far beyond 32 bits in sum: 8 × 8 bits over a very long row of extremes. */
    @Test
    void longRowsDoNotOverflow() {
        int columns = 1 << 17;
        PackedLayout layout = new PackedLayout(Scheme.parse("8rowa"), 1, columns);
        byte[] codes = new byte[columns];
        Arrays.fill(codes, (byte) 255);
        MemorySegment memory = MemorySegment.ofArray(new byte[Math.toIntExact(layout.bytes())]);
        PackedCodec.pack(new CodedMatrix(layout.scheme(), 1, columns, codes, new float[] {1},
                new byte[1]), memory);
        float[] x = new float[columns];
        Arrays.fill(x, 1);
        float[] y = new float[1];
        try (Workers workers = new Workers(1)) {
            new IntegerProducts(ActivationScheme.parse("8a1")).multiply(new PackedMatrix(layout, memory), x, 1, y, workers);
        }
        assertThat(y[0]).isCloseTo(255f * columns, withinPercentage(1e-4));
    }

    @Test
    void whatIsNotQuantizedStaysExactAndTheVocabularyToo() {
        Random random = new Random(SEED);
        Matrix w = KernelSamples.dense(ElementType.BF16, 53, 317, random);
        float[] x = KernelSamples.floats(3 * 317, random);
        float[] exact = new float[3 * 53];
        float[] y = new float[3 * 53];
        IntegerProducts path = new IntegerProducts(ActivationScheme.of(4));
        try (Workers workers = new Workers(2)) {
            new ExactProducts().multiply(w, x, 3, exact, workers);
            path.multiply(w, x, 3, y, workers);
        }
        assertThat(y).isEqualTo(exact);
        assertThat(path.forVocabulary()).isInstanceOf(ExactProducts.class);
    }

    @Test
    void anInputThatIsNoNumberShows() {
        Random random = new Random(SEED);
        PackedMatrix w = PackedSamples.random(new PackedLayout(Scheme.parse("4g32s"), 3, 32), random);
        float[] x = KernelSamples.floats(2 * 32, random);
        x[40] = Float.NaN;
        float[] y = new float[6];
        try (Workers workers = new Workers(1)) {
            new IntegerProducts(ActivationScheme.of(8)).multiply(w, x, 2, y, workers);
        }
        assertThat(y[0]).isFinite();
        assertThat(y[3]).isNaN();
    }

    @Test
    void schemesAreReadAndNonsenseRefused() {
        assertThat(ActivationScheme.parse("4")).isEqualTo(new ActivationScheme(4, false, 0.9));
        assertThat(ActivationScheme.parse("8")).isEqualTo(new ActivationScheme(8, false, 1));
        assertThat(ActivationScheme.parse(ActivationScheme.parse("4s0.95").id())).isEqualTo(new ActivationScheme(4, true, 0.95));
        assertThatThrownBy(() -> ActivationScheme.parse("9")).hasMessageContaining("'9'");
        assertThatThrownBy(() -> ActivationScheme.parse("4a1.5")).hasMessageContaining("4a1.5");
        PackedMatrix trellis = PackedSamples.random(new PackedLayout(Scheme.parse("2rowt"), 16, 32), new Random(SEED));
        try (Workers workers = new Workers(1)) {
            assertThatThrownBy(() -> new IntegerProducts(ActivationScheme.of(4)).multiply(trellis, new float[32], 1, new float[16], workers))
                    .hasMessageContaining("2rowt");
        }
    }
}
