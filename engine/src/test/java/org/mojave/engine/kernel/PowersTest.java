package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PowersTest {
    private static final long SEED = 8;

    @Test
    void equalsTheScalarReference() {
        Random random = new Random(SEED);
        for (int count : new int[] {1, 7, 16, 83}) {
            float[] a = KernelSamples.floats(count + 3, random);
            float[] b = KernelSamples.floats(count, random);
            b[0] = a[3];
            float[] expected = KernelSamples.floats(count, random);
            float[] actual = expected.clone();
            ScalarReference.addDistances(a, 3, b, 2.4f, expected);
            Powers.addDistances(a, 3, b, 2.4f, actual);
            assertThat(actual).as("seed %d", SEED).containsExactly(expected, within(1e-4f));
        }
    }
}
