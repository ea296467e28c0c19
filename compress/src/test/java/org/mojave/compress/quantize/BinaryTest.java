package org.mojave.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.format.packed.Scheme;

/** Codes that stand for plus and minus the mean magnitude of a group. */
class BinaryTest {
    private static final long SEED = 77;

    @Test
    void roundingIsThatOfMixtureCompressor() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 24, 320, 100);
        float[] found = new Rtn().quantize(samples.weights(), Statistics.NONE, Scheme.parse("1g128b")).weights();
        float[] expected = MixtureCompressorRounding.rounded(samples.weights(), 1);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).as("weight %d, seed %d", i, SEED).isCloseTo(expected[i], within(Math.abs(expected[i]) / 1024));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1g128b", "1g32b", "1rowb"})
    void compensationAndSweepsPay(String id) {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 32, 256, 600);
        LinearAlgebra algebra = LinearAlgebra.preferred();
        double rounded = error(samples, new Rtn().quantize(samples.weights(), Statistics.NONE, Scheme.parse(id)));
        double compensated = error(samples, new Gptq(GptqSettings.careful(0), algebra).quantize(samples.weights(), samples.hessian(), Scheme.parse(id)));
        double swept = error(samples, new Gptq(GptqSettings.careful(4), algebra).quantize(samples.weights(), samples.hessian(), Scheme.parse(id)));
        assertThat(compensated).as("seed %d", SEED).isLessThan(rounded);
        assertThat(swept).as("seed %d", SEED).isLessThan(compensated);
    }

    /** Groups in the order of processing are for comparison only, yet their codes mean the same. */
    @Test
    void codesMeanTheSameWhereGroupsFollowTheOrder() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 16, 128, 300);
        Scheme scheme = Scheme.parse("1g32b");
        QuantizedMatrix result = new Gptq(new GptqSettings(GptqSettings.Groups.DYNAMIC, GptqSettings.Order.ACTIVATION, Clip.NONE, 0.01, 128,
                Fidelity.NATIVE, 0), LinearAlgebra.preferred()).quantize(samples.weights(), samples.hessian(), scheme);
        assertThat(result.hasNaturalGroups()).isFalse();
        float[] weights = result.weights();
        for (int i = 0; i < weights.length; i++) {
            float scale = result.coded().scales()[i / 128 * 4 + result.columnGroups()[i % 128]];
            assertThat(weights[i]).as("weight %d, seed %d", i, SEED).isEqualTo(result.coded().codes()[i] == 1 ? scale : -scale);
        }
    }

    private static double error(QuantizerSamples samples, QuantizedMatrix result) {
        return OutputError.of(samples.weights().values(), result.weights(), samples.hessian(), LinearAlgebra.preferred());
    }

    @Test
    void binaryCodesHaveOneBitAndPlainScales() {
        assertThat(Scheme.parse("1g64b").id()).isEqualTo("1g64b");
        for (String other : new String[] {"2g64b", "1g64b6"}) {
            assertThatThrownBy(() -> Scheme.parse(other)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("binary codes have one bit");
        }
    }
}
