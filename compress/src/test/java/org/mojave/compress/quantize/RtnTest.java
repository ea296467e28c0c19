package org.mojave.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.mojave.format.packed.Scheme;

class RtnTest extends BinaryContract {
    @Override
    Quantizer quantizer() {
        return new Rtn();
    }

    /** Worked out by hand: scale 2·1.5/15 = 0.2 (float16 0.19995117), zero 8; halves go to the even code. */
    @Test
    void symmetricCodesFollowTheDefinition() {
        float[] values = new float[32];
        values[0] = -1.5f;
        values[1] = 1.5f;
        values[2] = 0.61f;
        QuantizedMatrix result = new Rtn().quantize(new WeightMatrix("w", 1, 32, values), Statistics.NONE, Scheme.parse("4g32s"));
        assertThat(result.coded().scales()[0]).isEqualTo(Float.float16ToFloat(Float.floatToFloat16(0.2f)));
        assertThat(result.coded().codes()).startsWith((byte) 0, (byte) 15, (byte) 11, (byte) 8);
        assertThat(result.loss()).isCloseTo(0.1 * 0.1 + 0.1 * 0.1 + 0.01 * 0.01, within(1e-3));
    }

    @Test
    void halvesAreRoundedToTheEvenCode() {
        float[] values = {-8, 7, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f};
        QuantizedMatrix result = new Rtn().quantize(new WeightMatrix("w", 1, 7, values), Statistics.NONE, Scheme.parse("4rowa"));
        assertThat(result.coded().scales()).containsExactly(1f);
        assertThat(result.weights()).containsExactly(-8, 7, 0, 2, 2, 0, -2);
    }

    @Test
    void clipSearchLowersTheErrorOfOutliersButNotOfEvenWeights() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 64, 128, 10);
        Scheme scheme = Scheme.parse("2rows");
        double plain = new Rtn(Clip.NONE, Fidelity.NATIVE).quantize(samples.weights(), Statistics.NONE, scheme).loss();
        double clipped = new Rtn(Clip.WEIGHTS, Fidelity.NATIVE).quantize(samples.weights(), Statistics.NONE, scheme).loss();
        assertThat(clipped).as("seed %d", SEED).isLessThan(0.6 * plain);
    }
}
