package org.mojave.compress.rotate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Hadamard constructions and the rotations made of them. */
class RotationTest {
    @Test
    void everyConstructedMatrixIsHadamard() {
        List<Integer> orders = new ArrayList<>();
        for (int order = 1; order <= 700; order++) {
            if (HadamardOrder.matrix(order).isPresent()) {
                orders.add(order);
                assertHadamard(HadamardOrder.matrix(order).orElseThrow(), order);
            }
        }
        assertThat(orders).contains(1, 2, 4, 12, 20, 28, 36, 44, 52, 60, 76, 108, 148, 684).doesNotContain(3, 6, 92);
    }

    @Test
    void everyMultipleOfFourBelow92IsOneBlock() {
        for (int size = 4; size < 92; size += 4) {
            assertThat(Rotation.of(size, new Random(1)).block()).isEqualTo(size);
        }
    }

    @ParameterizedTest
    @CsvSource({"768, 768", "1024, 1024", "1408, 1408", "2048, 2048", "2816, 2816", "4096, 4096", "5632, 5632", "7168, 7168",
        "10944, 10944", "14336, 14336", "92, 4", "11008, 256", "3, 1"})
    void modelSizesAreOneBlockWhereASmallConstructionIsKnown(int size, int block) {
        Rotation rotation = Rotation.of(size, new Random(2));
        assertThat(rotation.block()).isEqualTo(block);
        assertThat(rotation.size()).isEqualTo(size);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 6, 12, 88, 92, 768, 1408})
    void columnsAreOrthonormalAndTheTransposeIsTheInverse(int size) {
        Rotation rotation = Rotation.of(size, new Random(3));
        double[][] columns = IntStream.range(0, size).mapToObj(i -> unit(rotation, i)).toArray(double[][]::new);
        for (int i = 0; i < size; i += Math.max(1, size / 40)) {
            for (int j = 0; j < size; j++) {
                assertThat(dot(columns[i], columns[j])).isCloseTo(i == j ? 1 : 0, within(1e-12));
            }
        }
        Random random = new Random(4);
        double[] x = random.doubles(size, -1, 1).toArray();
        double[] back = x.clone();
        rotation.apply(back, 0);
        rotation.applyTransposed(back, 0);
        assertThat(back).containsExactly(x, within(1e-12));
    }

    @Test
    void largeSizesKeepNormsAndSpreadAnOutlier() {
        for (int size : new int[] {5632, 14336}) {
            Rotation rotation = Rotation.of(size, new Random(5));
            double[] x = new double[size];
            x[77] = 3;
            rotation.apply(x, 0);
            for (double value : x) {
                assertThat(Math.abs(value)).isCloseTo(3 / Math.sqrt(size), within(1e-12));
            }
        }
    }

    @Test
    void productsAreUnchangedWhenBothSidesTurn() {
        Random random = new Random(6);
        int size = 88;
        Rotation rotation = Rotation.of(size, random);
        float[] writer = floats(random, size * 10);
        float[] reader = floats(random, 7 * size);
        float[] before = product(reader, writer, size);
        rotation.rotateColumns(writer, 10);
        rotation.rotateRows(reader, 7);
        assertThat(product(reader, writer, size)).containsExactly(before, within(1e-4f));
    }

    @Test
    void signsComeFromTheSeedAlone() {
        double[] a = unit(Rotation.of(24, new Random(8)), 0);
        assertThat(unit(Rotation.of(24, new Random(8)), 0)).containsExactly(a);
        int[] same = IntStream.range(0, 24).filter(i -> Arrays.equals(
                unit(Rotation.of(24, new Random(8)), i), unit(Rotation.of(24, new Random(9)), i))).toArray();
        assertThat(same.length).isBetween(1, 23);
    }

    @Test
    void wrongShapesAreRefused() {
        assertThatThrownBy(() -> Rotation.of(0, new Random(1))).hasMessageContaining("0 channels");
        assertThatThrownBy(() -> Rotation.of(8, new Random(1)).rotateRows(new float[9], 1)).hasMessageContaining("does not fit 9");
    }

    private static void assertHadamard(byte[] h, int order) {
        for (int i = 0; i < order; i++) {
            for (int j = 0; j <= i; j++) {
                int sum = 0;
                for (int c = 0; c < order; c++) {
                    sum += h[i * order + c] * h[j * order + c];
                }
                assertThat(sum).as("order %d rows %d %d", order, i, j).isEqualTo(i == j ? order : 0);
            }
        }
    }

    private static double[] unit(Rotation rotation, int index) {
        double[] column = new double[rotation.size()];
        column[index] = 1;
        rotation.apply(column, 0);
        return column;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /** reader [7, size] · writer [size, 10]. */
    private static float[] product(float[] reader, float[] writer, int size) {
        float[] product = new float[70];
        for (int r = 0; r < 7; r++) {
            for (int c = 0; c < 10; c++) {
                double sum = 0;
                for (int i = 0; i < size; i++) {
                    sum += reader[r * size + i] * (double) writer[i * 10 + c];
                }
                product[r * 10 + c] = (float) sum;
            }
        }
        return product;
    }

    private static float[] floats(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
