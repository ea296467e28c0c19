package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class LaneSumTest {
    private static final long SEED = 5;

    @Test
    void foldsHalvesOntoHalvesBeforeAndAfterCompilation() {
        Random random = new Random(SEED);
        float[] floats = new float[FloatVector.SPECIES_PREFERRED.length()];
        double[] doubles = new double[DoubleVector.SPECIES_PREFERRED.length()];
        for (int round = 0; round < 20_000; round++) {
            for (int i = 0; i < floats.length; i++) {
                floats[i] = (float) Math.scalb(random.nextGaussian(), random.nextInt(20));
            }
            for (int i = 0; i < doubles.length; i++) {
                doubles[i] = Math.scalb(random.nextGaussian(), random.nextInt(40));
            }
            assertThat(LaneSum.of(FloatVector.fromArray(FloatVector.SPECIES_PREFERRED, floats, 0)))
                    .as("seed %d, round %d", SEED, round).isEqualTo(folded(floats));
            assertThat(LaneSum.of(DoubleVector.fromArray(DoubleVector.SPECIES_PREFERRED, doubles, 0)))
                    .as("seed %d, round %d", SEED, round).isEqualTo(folded(doubles));
        }
    }

    private static float folded(float[] values) {
        float[] sums = values.clone();
        for (int half = sums.length / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                sums[i] += sums[i + half];
            }
        }
        return sums[0];
    }

    private static double folded(double[] values) {
        double[] sums = values.clone();
        for (int half = sums.length / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                sums[i] += sums[i + half];
            }
        }
        return sums[0];
    }
}
