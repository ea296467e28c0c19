package org.mojave.compress.smooth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.mojave.compress.quantize.Hessian;
import org.mojave.compress.quantize.Rtn;
import org.mojave.compress.statistics.ExpertStatistics;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.format.packed.Scheme;

/** The scale search: against its formula, and on inputs with a few loud channels. */
class AwqScaleTest {
    private static final int COLUMNS = 64;

    @Test
    void scaleFollowsTheFormula() {
        assertThat(AwqScale.scale(new float[] {4, 1, 0.25f}, 0)).containsExactly(1, 1, 1);
        assertThat(AwqScale.scale(new float[] {4, 1, 0.25f}, 0.5)).containsExactly(2, 1, 0.5f);
        assertThat(AwqScale.scale(new float[] {1, 0}, 0.5)[1]).isCloseTo(0.01f, within(1e-6f));
    }

    @Test
    void lossIsTheSquaredOutputError() {
        Random random = new Random(1);
        float[] x = floats(random, 50 * COLUMNS);
        float[] w = floats(random, 8 * COLUMNS);
        RoundingLoss loss = new RoundingLoss(List.of(new RoundingLoss.Reader(w, hessian(x))), COLUMNS, AwqScaleTest::threeBits,
                LinearAlgebra.preferred());
        float[] ones = AwqScale.scale(new float[COLUMNS], 0);
        float[] change = w.clone();
        threeBits(change, 8, COLUMNS);
        double expected = 0;
        for (int t = 0; t < 50; t++) {
            for (int r = 0; r < 8; r++) {
                double y = 0;
                for (int c = 0; c < COLUMNS; c++) {
                    y += x[t * COLUMNS + c] * (double) (change[r * COLUMNS + c] - w[r * COLUMNS + c]);
                }
                expected += y * y;
            }
        }
        assertThat(loss.applyAsDouble(ones)).isCloseTo(expected, within(1e-4 * expected));
    }

    @Test
    void loudChannelsGetFinerSteps() {
        for (long seed = 0; seed < 5; seed++) {
            Random random = new Random(seed);
            float[] x = floats(random, 200 * COLUMNS);
            for (int i = 0; i < x.length; i++) {
                x[i] *= i % COLUMNS % 16 == 0 ? 20 : 1;
            }
            float[] magnitude = new float[COLUMNS];
            for (int i = 0; i < x.length; i++) {
                magnitude[i % COLUMNS] += Math.abs(x[i]) / 200;
            }
            Hessian hessian = hessian(x);
            List<RoundingLoss.Reader> experts = List.of(new RoundingLoss.Reader(floats(random, 16 * COLUMNS), hessian),
                    new RoundingLoss.Reader(floats(random, 24 * COLUMNS), hessian));
            RoundingLoss.Rounding rounding = RoundingLoss.Rounding.by(new Rtn(), Scheme.parse("3rowa"));
            RoundingLoss loss = new RoundingLoss(experts, COLUMNS, rounding, LinearAlgebra.preferred());
            AwqScale.Result result = AwqScale.DEFAULT.search(magnitude, loss);
            assertThat(result.loss()).as("seed %d", seed).isLessThan(0.7 * result.plainLoss());
            assertThat(result.exponent()).isPositive();
            assertThat(loss.applyAsDouble(result.scale())).isEqualTo(result.loss());
            assertThat(result.scale()[0]).isGreaterThan(result.scale()[1]);
        }
    }

    @Test
    void whereScalingOnlyHurtsItIsLeftOut() {
        AwqScale.Result result = AwqScale.DEFAULT.search(new float[] {1, 2}, scale -> scale[1]);
        assertThat(result.exponent()).isZero();
        assertThat(result.scale()).containsExactly(1, 1);
        assertThatThrownBy(() -> AwqScale.DEFAULT.search(new float[] {1}, scale -> Double.NaN)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> AwqScale.DEFAULT.search(new float[] {-1}, scale -> 0)).hasMessageContaining("channel 0 is -1.0");
    }

    /** Symmetric rounding to 7 levels per row. */
    private static void threeBits(float[] w, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            float largest = 0;
            for (int c = 0; c < columns; c++) {
                largest = Math.max(largest, Math.abs(w[r * columns + c]));
            }
            for (int c = 0; c < columns; c++) {
                w[r * columns + c] = (float) Math.rint(w[r * columns + c] / largest * 3) * largest / 3;
            }
        }
    }

    private static Hessian hessian(float[] x) {
        float[] ones = new float[x.length / COLUMNS];
        Arrays.fill(ones, 1);
        return new Hessian(COLUMNS, ExpertStatistics.of(0, x, ones, COLUMNS).hessian(), ones.length);
    }

    private static float[] floats(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
