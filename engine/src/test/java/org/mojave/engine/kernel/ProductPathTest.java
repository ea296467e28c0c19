package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.format.gguf.GgufType;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.ElementType;

class ProductPathTest {
    private static final long SEED = 5;

    static List<ProductPath> paths() {
        List<ProductPath> paths = new ArrayList<>();
        paths.add(new ExactProducts());
        paths.add(new VectorProducts());
        for (NativeKernels kernels : PackedSamples.kernels()) {
            paths.add(new NativeProducts(kernels, 128));
            paths.add(new NativeProducts(kernels, 32));
        }
        return paths;
    }

    static List<Arguments> cases() {
        List<Arguments> cases = new ArrayList<>();
        Random random = new Random(SEED);
        List<Matrix> matrices = new ArrayList<>();
        PackedSamples.layouts().forEach(layout -> matrices.add(PackedSamples.random(layout, random)));
        for (ElementType type : List.of(ElementType.F32, ElementType.BF16, ElementType.F16)) {
            matrices.add(KernelSamples.dense(type, 53, 317, random));
        }
        GgufSamples.types().forEach(type -> matrices.add(GgufSamples.random(type, 53, 512, random)));
        matrices.add(GgufSamples.random(GgufType.MXFP4, 53, 512, random));
        for (ProductPath path : paths()) {
            matrices.forEach(matrix -> cases.add(Arguments.of(path.describe(), matrix.storage(), path, matrix)));
        }
        return cases;
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void isCloseToTheReferenceAndDoesNotDependOnThreads(String name, String storage, ProductPath path, Matrix w) {
        Random random = new Random(SEED);
        for (int tokens : new int[] {1, 3, 20}) {
            float[] x = KernelSamples.floats(tokens * w.columns(), random);
            float[] expected = new float[tokens * w.rows()];
            ScalarReference.multiply(w, x, tokens, expected);
            float[] one = new float[expected.length];
            float[] three = new float[expected.length];
            try (Workers single = new Workers(1); Workers several = new Workers(3)) {
                path.multiply(w, x, tokens, one, single);
                path.multiply(w, x, tokens, three, several);
            }
            assertThat(three).as("%s %s, %d tokens", name, storage, tokens).isEqualTo(one);
            boolean rounds = rounds(path.means(w), tokens);
            assertThat(error(one, expected) / usualSize(w, x, tokens)).as("%s %s, %d tokens", name, storage, tokens)
                    .isBetween(rounds ? 1e-4 : 0, rounds ? 0.02 : 1e-5);
        }
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void independentTokensAreComputedAsIfEachWereAlone(String name, String storage, ProductPath path, Matrix w) {
        int tokens = 17;
        float[] x = KernelSamples.floats(tokens * w.columns(), new Random(SEED));
        float[] together = new float[tokens * w.rows()];
        float[] alone = new float[together.length];
        ProductList list = new ProductList();
        list.independent(true);
        try (Workers workers = new Workers(2)) {
            list.add(w, new Block(x, 0, w.columns()), tokens, new Block(together, 0, w.rows()));
            path.multiply(list, workers);
            for (int t = 0; t < tokens; t++) {
                list = new ProductList();
                list.add(w, new Block(x, t * w.columns(), w.columns()), 1, new Block(alone, t * w.rows(), w.rows()));
                path.multiply(list, workers);
            }
        }
        assertThat(together).as("%s %s", name, storage).isEqualTo(alone);
    }

    private static boolean rounds(Means means, int tokens) {
        return switch (means) {
            case Means.Native(_, boolean rounds) -> rounds;
            case Means.Vectors _ -> tokens < 8;
            case Means.Decoded _ -> false;
            case Means.WholeNumbers _ -> true;
        };
    }

    /** Size of outputs that do not happen to cancel: ‖W‖ · ‖x‖ / √columns. */
    private static double usualSize(Matrix w, float[] x, int tokens) {
        float[] weights = new float[w.rows() * w.columns()];
        w.decode(0, w.rows(), weights, 0);
        return error(weights, new float[weights.length]) * error(x, new float[tokens * w.columns()]) / Math.sqrt(w.columns());
    }

    private static double error(float[] actual, float[] expected) {
        double error = 0;
        for (int i = 0; i < expected.length; i++) {
            error += Math.pow(actual[i] - expected[i], 2);
        }
        return Math.sqrt(error);
    }

    @Test
    void smallerActivationGroupsRoundMoreFinely() {
        Random random = new Random(SEED);
        PackedMatrix w = PackedSamples.random(new PackedLayout(Scheme.parse("8g128s"), 256, 1024), random);
        float[] x = KernelSamples.floats(w.columns(), random);
        float[] expected = new float[w.rows()];
        ScalarReference.multiply(w, x, 1, expected);
        for (NativeKernels kernels : PackedSamples.kernels()) {
            double coarse = error(new NativeProducts(kernels, 128), w, x, expected);
            double fine = error(new NativeProducts(kernels, 32), w, x, expected);
            assertThat(fine).as("%s", kernels.variant()).isLessThan(0.95 * coarse);
        }
        PackedSamples.kernels().forEach(kernels -> assertThatThrownBy(() -> new NativeProducts(kernels, 48))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("48"));
    }

    private static double error(ProductPath path, PackedMatrix w, float[] x, float[] expected) {
        float[] y = new float[expected.length];
        try (Workers workers = new Workers(1)) {
            path.multiply(w, x, 1, y, workers);
        }
        return error(y, expected);
    }

    @Test
    void severalProductsInOneGoEqualTheSameOneByOne() {
        for (ProductPath path : paths()) {
            Random random = new Random(SEED);
            ProductList list = new ProductList();
            float[] x = KernelSamples.floats(3 * 300, random);
            float[] together = new float[3 * 500];
            List<float[]> expected = new ArrayList<>();
            List<Integer> starts = new ArrayList<>();
            List<Matrix> matrices = List.of(packed("2g64a", 70, random), packed("4g32s", 16, random), packed("2g64a", 333, random),
                    KernelSamples.dense(ElementType.BF16, 20, 300, random), packed("8g128s", 5, random));
            try (Workers workers = new Workers(2)) {
                int start = 0;
                for (int i = 0; i < matrices.size(); i++) {
                    Matrix w = matrices.get(i);
                    int tokens = i < 3 ? 2 : 1;
                    float[] own = Arrays.copyOfRange(x, (3 - tokens) * 300, 900);
                    expected.add(new float[tokens * w.rows()]);
                    path.multiply(w, own, tokens, expected.getLast(), workers);
                    list.add(w, new Block(x, (3 - tokens) * 300, 300), tokens, new Block(together, start, w.rows()));
                    starts.add(start);
                    start += tokens * w.rows();
                }
                path.multiply(list, workers);
                assertSlices(path, together, starts, expected);
                Arrays.fill(together, 0);
                path.multiply(list, workers);
                assertSlices(path, together, starts, expected);
            }
        }
    }

    private static PackedMatrix packed(String scheme, int rows, Random random) {
        return PackedSamples.random(new PackedLayout(Scheme.parse(scheme), rows, 300), random);
    }

    private static void assertSlices(ProductPath path, float[] together, List<Integer> starts, List<float[]> expected) {
        for (int i = 0; i < expected.size(); i++) {
            int start = starts.get(i);
            assertThat(Arrays.copyOfRange(together, start, start + expected.get(i).length)).as("%s, product %d", path.describe(), i)
                    .isEqualTo(expected.get(i));
        }
    }

    @Test
    void aListRefusesRowsWithGaps() {
        PackedMatrix w = packed("4g32s", 16, new Random(SEED));
        assertThatThrownBy(() -> new ProductList().add(w, new Block(new float[700], 0, 301), 2, new Block(new float[32], 0, 16)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("301");
        assertThatThrownBy(() -> new ProductList().add(w, new Block(new float[599], 0, 300), 2, new Block(new float[32], 0, 16)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
