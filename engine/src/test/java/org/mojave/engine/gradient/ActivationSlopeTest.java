package org.mojave.engine.gradient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.mojave.engine.model.Activation;
import org.mojave.engine.run.Activations;

class ActivationSlopeTest {
    private static final double STEP = 1.0 / 64;

    /** Steps never cross 0, where ReLU has its kink. */
    @ParameterizedTest
    @EnumSource
    void slopeIsTheDifferenceOfTheFunction(Activation activation) {
        for (double x = -7 + 2 * STEP; x < 7; x += 1.0 / 16) {
            double difference = (double) Activations.apply(activation, (float) (x + STEP)) - Activations.apply(activation, (float) (x - STEP));
            assertThat(ActivationSlope.of(activation, x)).as("%s at %s", activation, x).isCloseTo(difference / (2 * STEP), within(3e-4));
        }
    }
}
