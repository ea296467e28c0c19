package org.mojave.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.format.packed.Scheme;

/** Half-quadratic quantization against plain rounding. */
class HqqTest extends QuantizerContract {
    private static final int ROWS = 24;
    private static final int COLUMNS = 200;

    @Override
    Quantizer quantizer() {
        return new Hqq();
    }

    /** It needs no tokens, so their absence changes nothing; it is no plain rounding either way. */
    @Test
    @Override
    void withoutTokensWeightsAreRoundedAndTheEventSaysSo() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 24, 64, 50);
        Scheme scheme = Scheme.parse("4g32s");
        QuantizedMatrix without = new Hqq().quantize(samples.weights(), new Hessian(64, new float[64 * 64], 0), scheme);
        assertThat(without.weights()).isEqualTo(quantize(samples, scheme).weights());
        assertThat(without.events()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"2g64a", "2g64s", "3g64a", "3rowa", "4g32s", "4g128a", "8g64a", "1g32a"})
    void meanErrorIsNeverAboveRounding(String id) {
        Scheme scheme = Scheme.parse(id);
        for (long seed = 0; seed < 3; seed++) {
            WeightMatrix weights = heavyTailed(new Random(seed));
            QuantizedMatrix rounded = new Rtn().quantize(weights, Statistics.NONE, scheme);
            QuantizedMatrix fitted = new Hqq().quantize(weights, Statistics.NONE, scheme);
            assertThat(error(weights, fitted, 1)).as("%s seed %d", id, seed).isLessThanOrEqualTo(error(weights, rounded, 1) * (1 + 1e-6));
            assertThat(fitted.loss()).isCloseTo(error(weights, fitted, 2), withinPercentage(1e-3));
            assertThat(fitted.hasNaturalGroups()).isTrue();
            assertThat(fitted.events()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"2g64a", "3g64a", "4g64a", "3g64s"})
    void lowWidthsGainMuchOnHeavyTails(String id) {
        Scheme scheme = Scheme.parse(id);
        WeightMatrix weights = heavyTailed(new Random(7));
        double rounded = error(weights, new Rtn().quantize(weights, Statistics.NONE, scheme), 0.7);
        double fitted = error(weights, new Hqq().quantize(weights, Statistics.NONE, scheme), 0.7);
        assertThat(fitted).isLessThan(0.97 * rounded);
    }

    @Test
    void noRoundsIsPlainRounding() {
        WeightMatrix weights = heavyTailed(new Random(3));
        for (String id : new String[] {"3g64a", "4g32s", "2rowa"}) {
            assertThat(new Hqq(0).quantize(weights, Statistics.NONE, Scheme.parse(id)).coded())
                    .usingRecursiveComparison().isEqualTo(new Rtn().quantize(weights, Statistics.NONE, Scheme.parse(id)).coded());
        }
    }

    @Test
    void weightsOnTheGridStayExact() {
        float[] w = {0, 0.5f, 1, -0.5f, -0.5f, 1, 0, 0.5f};
        QuantizedMatrix result = new Hqq().quantize(new WeightMatrix("w", 1, 8, w), Statistics.NONE, Scheme.parse("2g32a"));
        assertThat(result.weights()).containsExactly(w);
        assertThat(new Hqq().quantize(new WeightMatrix("z", 1, 8, new float[8]), Statistics.NONE, Scheme.parse("2g32s")).weights())
                .containsOnly(0);
    }

    @Test
    void weightsBeyondStorageAndNaNAreNamed() {
        assertThatThrownBy(() -> new Hqq().quantize(new WeightMatrix("layers.0.up", 1, 2, new float[] {1e9f, -1e9f}), Statistics.NONE,
                Scheme.parse("2g32a"))).hasMessageContaining("layers.0.up").hasMessageContaining("too large");
        assertThatThrownBy(() -> new Hqq().quantize(new WeightMatrix("layers.0.up", 1, 2, new float[] {0, Float.NaN}), Statistics.NONE,
                Scheme.parse("2g32a"))).hasMessageContaining("column 1 is NaN");
    }

    @Test
    void tabulatedPowerIsThePower() {
        for (double x = 1e-30; x < 1e10; x *= 1.37) {
            assertThat(Shrink.power(x)).isCloseTo(Math.pow(x, -0.3), withinPercentage(0.02));
        }
        assertThat(Shrink.apply(0, 10)).isZero();
        assertThat(Shrink.apply(-8, 10)).isCloseTo(-8 + Math.pow(8, -0.3) / 10, within(1e-4));
        assertThat(Shrink.apply(1e-6, 10)).isZero();
    }

    @Test
    void binaryCodesAreRefusedNotMadeWrong() {
        assertThatThrownBy(() -> new Hqq().quantize(heavyTailed(new Random(1)), Statistics.NONE, Scheme.parse("1g64b")))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("w: HQQ makes no binary codes, so not scheme 1g64b");
    }

    private static WeightMatrix heavyTailed(Random random) {
        float[] w = new float[ROWS * COLUMNS];
        for (int i = 0; i < w.length; i++) {
            w[i] = (float) (0.02 * random.nextGaussian() * Math.exp(0.7 * random.nextGaussian()) + 0.005);
        }
        return new WeightMatrix("w", ROWS, COLUMNS, w);
    }

    private static double error(WeightMatrix weights, QuantizedMatrix result, double power) {
        float[] decoded = result.weights();
        double sum = 0;
        for (int i = 0; i < decoded.length; i++) {
            sum += Math.pow(Math.abs((double) weights.values()[i] - decoded[i]), power);
        }
        return sum;
    }
}
