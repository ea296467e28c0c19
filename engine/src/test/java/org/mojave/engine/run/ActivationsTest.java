package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mojave.engine.kernel.Exponential;
import org.mojave.engine.model.Activation;
import org.mojave.engine.model.Gating;

class ActivationsTest {
    @Test
    void exponentialIsWithinTwoUlp() {
        Random random = new Random(7);
        for (int i = 0; i < 200_000; i++) {
            float x = random.nextFloat() * 174 - 87;
            float exact = (float) Math.exp(x);
            assertThat(Math.abs(Exponential.exp(x) - exact)).as("exp(%s)", x).isLessThanOrEqualTo(2 * Math.ulp(exact));
        }
        assertThat(Exponential.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(Exponential.exp(0)).isEqualTo(1);
        assertThat(Exponential.exp(100)).isInfinite();
        assertThat(Exponential.exp(Float.NaN)).isNaN();
    }

    /** Values of torch 2.13 in float64. */
    @ParameterizedTest
    @CsvSource({"SILU,1.5,1.226361714", "GELU,1.5,1.399789198", "GELU,-3.5,-0.000814202", "GELU_TANH,1.5,1.399571577",
        "QUICK_GELU,1.5,1.391662198", "RELU,-2,0", "RELU_SQUARED,3,9"})
    void scalarFunctions(Activation activation, float x, float expected) {
        assertThat(Activations.apply(activation, x)).isEqualTo(expected, within(1e-6f));
    }

    /** Values of torch 2.13 in float64. */
    @ParameterizedTest
    @CsvSource({"0.5,0.5204998778130465", "-1,-0.8427007929497149", "2.9,0.9999589021219005", "3.1,0.9999883513426328",
        "4,0.9999999845827421", "7,1"})
    void errorFunction(double x, double expected) {
        assertThat(Activations.erf(x)).isEqualTo(expected, within(1e-14));
    }

    @Test
    void clampedGatingLimitsGateAboveAndUpOnBothSides() {
        float[] gate = {10, -20, 1};
        float[] up = {-9, 9, 0.5f};
        Activations.join(new Gating.Clamped(1.702, 7), gate, up, 0, 3);
        assertThat(gate[0]).isEqualTo((float) (-6 * 7 / (1 + Math.exp(-1.702 * 7))), within(1e-5f));
        assertThat(gate[1]).isEqualTo((float) (8 * -20 / (1 + Math.exp(1.702 * 20))), within(1e-12f));
        assertThat(gate[2]).isEqualTo((float) (1.5 / (1 + Math.exp(-1.702))), within(1e-6f));
    }
}
