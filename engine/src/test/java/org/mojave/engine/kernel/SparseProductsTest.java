package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/** Products of which parts of the matrix are not read, against products with all of it and the same zeros. */
class SparseProductsTest {
    private static final long SEED = 43;

    static List<Arguments> packed() {
        return NativeKernelsTest.packed().stream().filter(found -> SparseUnits.columns(((PackedLayout) found.get()[1]).scheme()) > 0).toList();
    }

    static List<Arguments> cases() {
        return ProductPathTest.cases();
    }

    /** Random activations, of which blocks of {@code width} are zero where {@code kept} says so; a third is kept. */
    private static float[] zeroed(int columns, int width, Random random) {
        float[] x = KernelSamples.floats(columns, random);
        for (int c = 0; c < columns; c += width) {
            if (random.nextInt(3) > 0) {
                Arrays.fill(x, c, Math.min(columns, c + width), 0);
            }
        }
        return x;
    }

    private static int[] someTiles(int rows, Random random) {
        return IntStream.range(0, Math.ceilDiv(rows, PackedLayout.TILE_ROWS)).filter(tile -> tile == 0 || random.nextBoolean()).toArray();
    }

    @ParameterizedTest(allowZeroInvocations = true, name = "{0} {1}")
    @MethodSource("packed")
    void theNativeProductEqualsTheOracleInEveryBit(NativeVariant variant, PackedLayout layout, NativeKernels kernels) {
        Random random = new Random(SEED);
        PackedMatrix w = PackedSamples.random(layout, random);
        int unitColumns = SparseUnits.columns(layout.scheme());
        for (int width : new int[] {1, unitColumns, 40, 128}) {
            float[] x = zeroed(layout.columns(), width, random);
            for (int group = 32; group <= QuantizedActivations.groupColumns(layout.scheme()); group *= 2) {
                QuantizedActivations activations = NativeKernelsTest.quantized(x, 1, layout.columns(), group);
                float[] expected = new float[layout.rows()];
                PackedOracle.multiply(w, activations, expected);
                SparseUnits units = new SparseUnits();
                units.fill(activations, unitColumns);
                float[] actual = new float[layout.rows()];
                int[] tiles = IntStream.range(0, layout.tiles()).toArray();
                kernels.multiplySparse(w, activations, units, new NativeKernels.TileRange(tiles, 0, tiles.length), new Block(actual, 0, layout.rows()));
                assertThat(actual).as("%s, zeros in blocks of %d, activation group %d, seed %d", variant, width, group, SEED).isEqualTo(expected);
                float[] last = new float[layout.rows()];
                kernels.multiplySparse(w, activations, units, new NativeKernels.TileRange(tiles, tiles.length - 1, tiles.length), new Block(last, 0, layout.rows()));
                int first = (layout.tiles() - 1) * PackedLayout.TILE_ROWS;
                Arrays.fill(expected, 0, first, 0);
                assertThat(last).as("the last tile alone").isEqualTo(expected);
            }
        }
    }

    /** Of a matrix of many runs, so that reading ahead goes from tile to tile; the list leaves tiles out. */
    @Test
    void unitsAreThoseThatMeetSomething() {
        for (String id : List.of("4g128s", "2g64a", "3rows", "8g32s", "1g32a", "1g64b", "6g128s")) {
            PackedLayout layout = new PackedLayout(Scheme.parse(id), 160, 2048);
            Random random = new Random(SEED);
            PackedMatrix w = PackedSamples.random(layout, random);
            int unitColumns = SparseUnits.columns(layout.scheme());
            float[] x = new float[2048];
            for (int i : new int[] {5, 700, 701, 2047}) {
                x[i] = 1 + i;
            }
            QuantizedActivations activations = NativeKernelsTest.quantized(x, 1, 2048, 32);
            SparseUnits units = new SparseUnits();
            units.fill(activations, unitColumns);
            assertThat(units).hasToString(Arrays.toString(new int[] {5 / unitColumns, 700 / unitColumns, 2047 / unitColumns}));
            float[] expected = new float[160];
            PackedOracle.multiply(w, activations, expected);
            int[] tiles = {1, 2, 6, 9};
            for (int row = 0; row < 160; row++) {
                expected[row] = Arrays.binarySearch(tiles, row / 16) < 0 ? 0 : expected[row];
            }
            for (NativeKernels kernels : PackedSamples.kernels()) {
                float[] actual = new float[160];
                kernels.multiplySparse(w, activations, units, new NativeKernels.TileRange(tiles, 0, 4), new Block(actual, 0, 160));
                assertThat(actual).as("%s %s", kernels.variant(), id).isEqualTo(expected);
            }
        }
    }

    @Test
    void aGroupThatIsNotFiniteReachesTheResult() {
        PackedLayout layout = new PackedLayout(Scheme.parse("4g32s"), 32, 256);
        PackedMatrix w = PackedSamples.random(layout, new Random(SEED));
        float[] x = new float[256];
        x[70] = Float.NaN;
        for (ProductPath path : ProductPathTest.paths()) {
            float[] y = new float[32];
            multiply(path, w, x, new int[] {1}, y, 1);
            assertThat(y[0]).as(path.describe()).isZero();
            assertThat(y[16]).as(path.describe()).isNaN();
        }
    }

    private static long multiply(ProductPath path, Matrix w, float[] x, int[] tiles, float[] y, int threads) {
        ProductList list = new ProductList();
        list.addSparse(w, new Block(x, 0, w.columns()), tiles, new Block(y, 0, w.rows()));
        try (Workers workers = new Workers(threads)) {
            path.multiply(list, workers);
        }
        return list.sparedBytes();
    }

    /** The wanted rows are those of the whole product with the same zeros, and nothing depends on the threads. */
    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void everyPathComputesTheWantedRows(String name, String storage, ProductPath path, Matrix w) {
        Random random = new Random(SEED);
        float[] x = zeroed(w.columns(), 16, random);
        int[] tiles = someTiles(w.rows(), random);
        float[] whole = new float[w.rows()];
        try (Workers workers = new Workers(2)) {
            path.multiply(w, x, 1, whole, workers);
        }
        for (int row = 0; row < whole.length; row++) {
            whole[row] = Arrays.binarySearch(tiles, row / PackedLayout.TILE_ROWS) < 0 ? 0 : whole[row];
        }
        List<float[]> found = new ArrayList<>();
        for (int threads : new int[] {1, 3}) {
            found.add(new float[w.rows()]);
            Arrays.fill(found.getLast(), 7);
            long spared = multiply(path, w, x, tiles, found.getLast(), threads);
            assertThat(spared).as("bytes not read").isBetween(0L, w.storedBytes());
        }
        assertThat(found.get(1)).as("%s %s: threads", name, storage).isEqualTo(found.getFirst());
        assertThat(found.getFirst()).as("%s %s", name, storage).isEqualTo(whole);
    }

    /** What is said not to have been read: the share of rows and columns left out, scales apart. */
    @Test
    void packedMatricesSpareRowsAndColumns() {
        PackedMatrix w = PackedSamples.random(new PackedLayout(Scheme.parse("4g128s"), 256, 2048), new Random(SEED));
        float[] x = new float[2048];
        Arrays.fill(x, 0, 1024, 1);
        int[] half = IntStream.range(4, 12).toArray();
        long codes = w.storedBytes() - w.layout().codesOffset() * w.layout().tiles();
        for (ProductPath path : ProductPathTest.paths()) {
            long expected = path instanceof ExactProducts ? w.storedBytes() / 2 : w.storedBytes() / 2 + codes / 4;
            assertThat(multiply(path, w, x, half, new float[256], 1)).as(path.describe()).isEqualTo(expected);
        }
        assertThat(multiply(new IntegerProducts(ActivationScheme.of(8)), w, x, half, new float[256], 1)).isZero();
    }

    @Test
    void listsThatLeaveTheMatrixAreRefused() {
        PackedLayout layout = new PackedLayout(Scheme.parse("4g32s"), 40, 64);
        PackedMatrix w = PackedSamples.random(layout, new Random(SEED));
        for (int[] tiles : new int[][] {{3}, {-1}, {1, 1}, {2, 1}}) {
            assertThatThrownBy(() -> new ProductList().addSparse(w, new Block(new float[64], 0, 64), tiles, new Block(new float[40], 0, 40)))
                    .as(Arrays.toString(tiles)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("40 rows");
        }
        assertThatThrownBy(() -> new ProductList().addSparse(w, new Block(new float[64], 1, 64), new int[] {0}, new Block(new float[40], 0, 40)))
                .isInstanceOf(IllegalArgumentException.class);
        QuantizedActivations activations = NativeKernelsTest.quantized(new float[64], 1, 64, 32);
        SparseUnits units = new SparseUnits();
        units.fill(activations, 32);
        SparseUnits right = new SparseUnits();
        right.fill(activations, 8);
        for (NativeKernels kernels : PackedSamples.kernels()) {
            Block y = new Block(new float[40], 0, 40);
            assertThatThrownBy(() -> kernels.multiplySparse(w, activations, units, new NativeKernels.TileRange(new int[] {0}, 0, 1), y))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("units of 32");
            assertThatThrownBy(() -> kernels.multiplySparse(w, activations, right, new NativeKernels.TileRange(new int[] {3}, 0, 1), y))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> kernels.multiplySparse(w, activations, right, new NativeKernels.TileRange(new int[] {0}, 0, 2), y))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }
}
