package org.mojave.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.engine.kernel.PortableAlgebra;
import org.mojave.format.packed.Scheme;

class GptqTest extends BinaryContract {
    @Override
    Quantizer quantizer() {
        return new Gptq();
    }

    @ParameterizedTest
    @MethodSource("schemes")
    void withoutCorrelationItIsRounding(Scheme scheme) {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 20, 140, 10);
        float[] identity = new float[140 * 140];
        for (int i = 0; i < 140; i++) {
            identity[i * 140 + i] = 1;
        }
        QuantizedMatrix result = new Gptq().quantize(samples.weights(), new Hessian(140, identity, 1000), scheme);
        assertThat(result.weights()).isEqualTo(new Rtn().quantize(samples.weights(), Statistics.NONE, scheme).weights());
    }

    @Test
    void theLossIsHalfTheOutputErrorUnderTheDampedHessian() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 20, 300, 400);
        double mean = 0;
        for (int i = 0; i < 300; i++) {
            mean += samples.hessian().diagonal(i) / 300;
        }
        float[] damped = samples.hessian().values().clone();
        for (int i = 0; i < 300; i++) {
            damped[i * 300 + i] += (float) (0.01 * mean);
        }
        QuantizedMatrix result = new Gptq().quantize(samples.weights(), samples.hessian(), Scheme.parse("3g64a"));
        double error = OutputError.of(
                samples.weights().values(), result.weights(), new Hessian(300, damped, 400), LinearAlgebra.preferred());
        assertThat(result.loss()).as("seed %d", SEED).isCloseTo(error / 2, within(1e-3 * error));
    }

    @Test
    void oneFactorServesEveryMatrixOfItsInput() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 20, 64, 100);
        Gptq gptq = new Gptq();
        Scheme scheme = Scheme.parse("4g32s");
        HessianFactor factor = gptq.prepare(samples.hessian(), scheme);
        assertThat(factor.activationOrder()).isTrue();
        assertThat(gptq.quantize(samples.weights(), factor, scheme).weights())
                .isEqualTo(gptq.quantize(samples.weights(), samples.hessian(), scheme).weights());
        assertThat(gptq.quantize(samples.weights(), factor, Scheme.parse("3g64a")).events()).isEmpty();
        assertThatThrownBy(() -> gptq.quantize(samples.weights(), factor, Scheme.parse("2g32a")))
                .hasMessageContaining("w: the Hessian was prepared for another order of columns than scheme 2g32a uses");
        assertThatThrownBy(() -> gptq.quantize(new WeightMatrix("v", 2, 32, new float[64]), factor, scheme))
                .hasMessage("v: the Hessian has 64 columns, the matrix 32");
        assertThatThrownBy(() -> gptq.quantize(samples.weights(), Statistics.NONE, scheme))
                .hasMessage("w: GPTQ needs the Hessian of its inputs");
    }

    @Test
    void dampingIsRaisedStepByStepAndEveryStepIsAnEvent() {
        // Eigenvalues 1 and −0.05: positive definite only when the damping exceeds 0.05 / 0.475 = 0.105.
        float[] indefinite = {0.475f, 0.525f, 0.525f, 0.475f};
        HessianFactor factor = HessianFactor.of(new Hessian(2, indefinite, 5), false, 0.01, new PortableAlgebra());
        assertThat(factor.rounds()).isTrue();
        assertThat(factor.events()).containsExactly(
                new QuantizationEvent.DampingRaised(0.01, 0.02), new QuantizationEvent.DampingRaised(0.02, 0.04),
                new QuantizationEvent.DampingRaised(0.04, 0.08), new QuantizationEvent.DampingRaised(0.08, 0.1),
                new QuantizationEvent.HessianRejected(0.1));

        float[] mild = {1, 1.03f, 1.03f, 1};
        HessianFactor saved = HessianFactor.of(new Hessian(2, mild, 5), false, 0.01, new PortableAlgebra());
        assertThat(saved.rounds()).isFalse();
        assertThat(saved.events()).isEqualTo(List.of(
                new QuantizationEvent.DampingRaised(0.01, 0.02), new QuantizationEvent.DampingRaised(0.02, 0.04)));
        QuantizedMatrix rounded = new Gptq().quantize(new WeightMatrix("w", 1, 2, new float[] {1, -1}),
                new Hessian(2, indefinite, 5), Scheme.parse("4rows"));
        assertThat(rounded.events()).hasSize(5);
        assertThat(rounded.weights()).containsExactly(new float[] {1, -1}, within(0.15f));
    }

    @Test
    void aHessianThatIsNotFiniteIsRefused() {
        float[] broken = {1, 0, Float.NaN, 1};
        assertThatThrownBy(() -> new Gptq().prepare(new Hessian(2, broken, 5), Scheme.parse("4rows")))
                .hasMessageContaining("NaN at row 1, column 0");
    }
}
