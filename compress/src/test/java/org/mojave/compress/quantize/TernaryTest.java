package org.mojave.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/**
 * Why there is no ternary scheme: codes −1, 0 and 1 of the best scale that a group can have lose more, on normal weights, than a mixture of
 * trellises of one and two bits that takes the same bytes.
 */
class TernaryTest {
    private static final long SEED = 20_261_126;
    private static final int ROWS = 64;
    private static final int COLUMNS = 1024;

    private final float[] weights = normal();

    private static float[] normal() {
        Random random = new Random(SEED);
        float[] weights = new float[ROWS * COLUMNS];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) random.nextGaussian() * 0.02f;
        }
        return weights;
    }

    /** Bits per weight and share of the weights' squares that is lost. */
    private record Point(double bits, double error) {}

    /** Weights by themselves: no tokens, so no errors are compensated, for which ternary codes would do the same. */
    private Point trellis(String id) {
        Scheme scheme = Scheme.parse(id);
        float[] found = new Gptq(GptqSettings.careful(0), LinearAlgebra.preferred()).quantize(new WeightMatrix("w", ROWS, COLUMNS, weights),
                new Hessian(COLUMNS, new float[COLUMNS * COLUMNS], 0), scheme).weights();
        double left = 0;
        for (int i = 0; i < weights.length; i++) {
            left += Math.pow(weights[i] - found[i], 2);
        }
        return new Point(new PackedLayout(scheme, ROWS, COLUMNS).bytes() * 8.0 / weights.length, left / squares());
    }

    private double squares() {
        double squares = 0;
        for (float weight : weights) {
            squares += (double) weight * weight;
        }
        return squares;
    }

    /** Five codes in a byte, a scale of six bits for every group under one of sixteen for a row: as small as it could be stored. */
    private Point ternary(int group) {
        double left = 0;
        for (int first = 0; first < weights.length; first += group) {
            left += leastError(Arrays.copyOfRange(weights, first, first + group));
        }
        return new Point(8.0 / 5 + 6.0 / group + 16.0 / COLUMNS, left / squares());
    }

    /** The largest n magnitudes become their mean, the others 0; for the best n. */
    private static double leastError(float[] group) {
        double[] magnitudes = new double[group.length];
        Arrays.setAll(magnitudes, i -> Math.abs(group[i]));
        Arrays.sort(magnitudes);
        double all = Arrays.stream(magnitudes).map(m -> m * m).sum();
        double best = all;
        double sum = 0;
        for (int n = 1; n <= magnitudes.length; n++) {
            sum += magnitudes[magnitudes.length - n];
            best = Math.min(best, all - sum * sum / n);
        }
        return best;
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 64, 128})
    void aMixtureOfTrellisesLosesLess(int group) {
        Point one = trellis("1rowt");
        Point two = trellis("2rowt");
        Point ternary = ternary(group);
        double share = (ternary.bits() - one.bits()) / (two.bits() - one.bits());
        double mixed = share * two.error() + (1 - share) * one.error();
        assertThat(ternary.error()).as("ternary %s between %s and %s, seed %d", ternary, one, two, SEED).isGreaterThan(1.15 * mixed);
    }

    @Test
    void theBestScaleIsNoWorseThanLloydAndMaxHave() {
        assertThat(ternary(COLUMNS).error()).as("seed %d", SEED).isBetween(0.18, 0.1925);
    }
}
