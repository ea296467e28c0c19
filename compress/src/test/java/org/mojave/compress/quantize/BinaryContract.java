package org.mojave.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.format.packed.Scheme;

/** What a {@link Quantizer} must hold to that makes binary codes, besides the rest: plus or minus the scale, whose start is the mean magnitude. */
abstract class BinaryContract extends QuantizerContract {
    @Override
    Stream<Scheme> schemes() {
        return Stream.concat(super.schemes(), Stream.of("1g128b", "1g64b", "1g32b", "1rowb").map(Scheme::parse));
    }

    /** Signs of weights that binary codes can hold are found whatever is known of the inputs; nothing is left to make good. */
    @ParameterizedTest
    @ValueSource(strings = {"1g32b", "1g64b", "1g128b"})
    void weightsOfOneMagnitudeInAGroupStayExact(String id) {
        Scheme scheme = Scheme.parse(id);
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 21, 173, 200);
        float[] exact = samples.weights().values().clone();
        for (int i = 0; i < exact.length; i++) {
            exact[i] = Math.copySign((1 + i / 173 + i % 173 / scheme.groupSize()) / 1024f, exact[i]);
        }
        QuantizedMatrix result = quantizer().quantize(new WeightMatrix("exact", 21, 173, exact), samples.hessian(), scheme);
        assertThat(result.weights()).as("seed %d", SEED).isEqualTo(exact);
        for (int i = 0; i < exact.length; i++) {
            assertThat(result.coded().codes()[i]).as("code %d of −, 1 of +", i).isEqualTo((byte) (exact[i] > 0 ? 1 : 0));
        }
        assertThat(result.loss()).isCloseTo(0, within(1e-12));
    }

    @Test
    void binaryCodesOfDeadColumnsAreSigns() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 16, 96, 100).withDeadColumns(0, 40, 95);
        float[] weights = quantize(samples, Scheme.parse("1g32b")).weights();
        for (int dead : new int[] {0, 40, 95}) {
            for (int at = dead; at < weights.length; at += 96) {
                assertThat(Math.signum(weights[at])).as("weight %d, seed %d", at, SEED).isEqualTo(Math.signum(samples.weights().values()[at]));
            }
        }
    }

    /** Binary codes cannot drift, their scales can. */
    @Test
    void binaryScalesStayNearTheMeanMagnitude() {
        for (int tokens : new int[] {1, 300}) {
            QuantizerSamples samples = QuantizerSamples.correlated(SEED, 24, 64, tokens);
            float[] scales = quantize(samples, Scheme.parse("1g32b")).coded().scales();
            float[] means = new Rtn().quantize(samples.weights(), Statistics.NONE, Scheme.parse("1g32b")).coded().scales();
            for (int group = 0; group < scales.length; group++) {
                assertThat(scales[group]).as("group %d, %d tokens, seed %d", group, tokens, SEED).isBetween(means[group] / 2, means[group] * 2);
            }
        }
    }

    @Test
    void aSecondBitPays() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 32, 128, 300);
        double two = error(samples, quantize(samples, Scheme.parse("2g64a")));
        assertThat(error(samples, quantize(samples, Scheme.parse("1g64b")))).as("seed %d", SEED).isGreaterThan(two);
    }

    @Test
    void withoutTokensBinaryCodesAreRounded() {
        withoutTokensWeightsAreRounded(Scheme.parse("1g32b"));
    }

    @Test
    void binaryCodesAreTheSameOnAnyThreadAndInPiecesOfRows() {
        sameInputGivesTheSameBits(Scheme.parse("1g64b"));
    }

    @Test
    void zerosStayZeroWithBinaryCodes() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 8, 64, 40);
        float[] values = samples.weights().values().clone();
        Arrays.fill(values, 0, 32, 0); // one group beside others
        float[] weights = quantizer().quantize(new WeightMatrix("zero", 8, 64, new float[8 * 64]), samples.hessian(), Scheme.parse("1g32b")).weights();
        assertThat(weights).containsOnly(0f);
        float[] beside = quantizer().quantize(new WeightMatrix("beside", 8, 64, values), samples.hessian(), Scheme.parse("1g32b")).weights();
        for (int i = 0; i < beside.length; i++) {
            assertThat(Math.abs(beside[i]) > 0).as("weight %d, seed %d", i, SEED).isEqualTo(i >= 32);
        }
    }

    @Test
    void weightsTooLargeForBinaryScalesAreRefused() {
        float[] large = new float[4 * 32];
        Arrays.fill(large, 1e9f);
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 4, 32, 40);
        assertThatThrownBy(() -> quantizer().quantize(new WeightMatrix("big", 4, 32, large), samples.hessian(), Scheme.parse("1g32b")))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("big: weights too large for float16 scales at 1 bit");
    }
}
