package org.mojave.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.Scheme;

/** GPTQ with ranges by activity and sweeps over scales and codes. */
class CarefulGptqTest extends BinaryContract {
    @Override
    Quantizer quantizer() {
        return careful(3);
    }

    @Override
    float deadTolerance() {
        return 1.5f; // ranges leave out a few of the largest weights
    }

    @Override
    Quantizer rounding() {
        return new Rtn(Clip.ACTIVITY, Fidelity.NATIVE);
    }

    private static Gptq careful(int sweeps) {
        return new Gptq(GptqSettings.careful(sweeps), LinearAlgebra.preferred());
    }

    @ParameterizedTest
    @ValueSource(strings = {"2g32a", "2g64s", "3g64a", "3rows", "4g128s"})
    void sweepsLowerTheLossThatTheyReport(String id) {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 20, 160, 400);
        double mean = 0;
        for (int i = 0; i < 160; i++) {
            mean += samples.hessian().diagonal(i) / 160;
        }
        float[] damped = samples.hessian().values().clone();
        for (int i = 0; i < 160; i++) {
            damped[i * 160 + i] += (float) (0.01 * mean);
        }
        double last = Double.POSITIVE_INFINITY;
        for (int sweeps : new int[] {0, 1, 2, 4}) {
            QuantizedMatrix result = careful(sweeps).quantize(samples.weights(), samples.hessian(), Scheme.parse(id));
            double loss = OutputError.of(samples.weights().values(), result.weights(), new Hessian(160, damped, 400), LinearAlgebra.preferred());
            assertThat(result.loss()).as("seed %d, %d sweeps", SEED, sweeps).isCloseTo(loss / 2, within(2e-3 * loss));
            assertThat(loss).as("seed %d, %d sweeps", SEED, sweeps).isLessThan(last * (sweeps == 1 ? 0.95 : 1.0001));
            last = loss;
        }
    }

    @Test
    void aSymmetricScaleMayTurnTheRangeAround() {
        float[] values = new float[32];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 4 - 1; // −1, 0, 1, 2: what codes 0 … 3 around 2 can only hold with a negative scale
        }
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 1, 32, 100);
        QuantizedMatrix result = careful(2).quantize(new WeightMatrix("w", 1, 32, values), samples.hessian(), Scheme.parse("2g32s"));
        assertThat(result.weights()).containsExactly(values, within(0.05f));
        assertThat(result.coded().scales()[0]).isNegative();
    }

    @ParameterizedTest
    @ValueSource(strings = {"2g32s6", "3g64s6", "4g32s6", "5g64s6", "6g128s6"})
    void sixBitScalesCostLittleAndAreWhatStorageHolds(String id) {
        Scheme scheme = Scheme.parse(id);
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 37, 173, 400);
        for (Quantizer quantizer : List.of(careful(3), rounding())) {
            QuantizedMatrix six = quantizer.quantize(samples.weights(), samples.hessian(), scheme);
            QuantizedMatrix free = quantizer.quantize(samples.weights(), samples.hessian(),
                    new Scheme(scheme.bits(), scheme.groupSize(), scheme.symmetric()));
            assertThat(error(samples, six)).as("%s, seed %d", quantizer.getClass(), SEED).isLessThan((scheme.bits() < 4 ? 1.2 : 1.5) * error(samples, free));
            assertThat(unpacked(six.coded())).isEqualTo(six.weights());
        }
    }

    private static float[] unpacked(CodedMatrix coded) {
        byte[] packed = new byte[(int) coded.layout().bytes()];
        PackedCodec.pack(coded, MemorySegment.ofArray(packed));
        float[] rows = new float[coded.rows() * coded.columns()];
        for (int row = 0; row < coded.rows(); row++) {
            PackedCodec.decodeRow(coded.layout(), MemorySegment.ofArray(packed), row, rows, row * coded.columns());
        }
        return rows;
    }

    @Test
    void sixBitScalesNeedStaticGroups() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 4, 64, 100);
        Gptq dynamic = new Gptq(new GptqSettings(GptqSettings.Groups.DYNAMIC, GptqSettings.Order.NATURAL, Clip.NONE, 0.01, 128,
                Fidelity.NATIVE, 0), LinearAlgebra.preferred());
        assertThatThrownBy(() -> dynamic.quantize(samples.weights(), samples.hessian(), Scheme.parse("2g32s6")))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("groups must be static");
    }

    @Test
    void sweepsNeedStaticGroups() {
        assertThatThrownBy(() -> new GptqSettings(GptqSettings.Groups.DYNAMIC, GptqSettings.Order.NATURAL, Clip.NONE, 0.01, 128,
                Fidelity.NATIVE, 1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("1 sweeps with DYNAMIC groups");
    }
}
