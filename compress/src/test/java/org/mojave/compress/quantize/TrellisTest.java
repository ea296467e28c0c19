package org.mojave.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mojave.engine.kernel.Gram;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.engine.kernel.Workers;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.Scheme;

/** Schemes whose codes run through a trellis. */
class TrellisTest {
    private static final long SEED = 20_261_126;
    private static final LinearAlgebra ALGEBRA = LinearAlgebra.preferred();

    private static QuantizedMatrix quantize(QuantizerSamples samples, String scheme, int paths) {
        return new Gptq(GptqSettings.careful(4).withPaths(paths), ALGEBRA).quantize(samples.weights(), samples.hessian(), Scheme.parse(scheme));
    }

    /** Normal weights, and inputs of different size with one common part. */
    private static QuantizerSamples samples(int rows, int columns) {
        Random random = new Random(SEED);
        int tokens = 4 * columns;
        float[] inputs = new float[tokens * columns];
        for (int t = 0; t < tokens; t++) {
            float common = (float) random.nextGaussian() * 0.5f;
            for (int c = 0; c < columns; c++) {
                inputs[t * columns + c] = (float) random.nextGaussian() * (0.5f + c % 7 * 0.2f) + common;
            }
        }
        Gram gram = new Gram(columns);
        try (Workers workers = new Workers(1)) {
            gram.add(inputs, tokens, workers);
        }
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian() * 0.05f;
        }
        return new QuantizerSamples(new WeightMatrix("w", rows, columns, values), inputs, Hessian.of(gram));
    }

    private static double error(QuantizerSamples samples, QuantizedMatrix result) {
        return OutputError.of(samples.weights().values(), result.weights(), samples.hessian(), ALGEBRA);
    }

    @ParameterizedTest
    @CsvSource({"2g64t6, 2g64s6, 0.7", "2rowt, 2rows, 0.7", "3g64t6, 3g64s6, 0.75", "3rowt, 3g64s6, 0.75", "4rowt, 4g64s6, 0.8"})
    void lessIsLostThanWithPlainCodesOfTheSameSize(String trellis, String plain, double share) {
        QuantizerSamples samples = samples(24, 192);
        assertThat(error(samples, quantize(samples, trellis, 64))).as("seed %d", SEED)
                .isLessThan(share * error(samples, quantize(samples, plain, 64)));
    }

    @Test
    void morePathsFindMore() {
        QuantizerSamples samples = samples(24, 160);
        double few = error(samples, quantize(samples, "2rowt", 4));
        double some = error(samples, quantize(samples, "2rowt", 16));
        assertThat(some).as("seed %d", SEED).isLessThan(0.85 * few);
        assertThat(error(samples, quantize(samples, "2rowt", 64))).as("seed %d", SEED).isLessThan(0.95 * some);
    }

    @ParameterizedTest
    @CsvSource({"1g32t6", "2rowt", "2g64t6", "3g32t6", "4g128t6", "3g64t"})
    void storageHoldsWhatWasChosen(String id) {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 37, 173, 300);
        QuantizedMatrix result = quantize(samples, id, 8);
        CodedMatrix coded = result.coded();
        byte[] packed = new byte[(int) coded.layout().bytes()];
        PackedCodec.pack(coded, MemorySegment.ofArray(packed));
        float[] rows = new float[37 * 173];
        for (int row = 0; row < 37; row++) {
            PackedCodec.decodeRow(coded.layout(), MemorySegment.ofArray(packed), row, rows, row * 173);
        }
        assertThat(rows).as("seed %d", SEED).isEqualTo(result.weights());
    }

    @Test
    void theLossIsTheOneThatIsLeft() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 20, 160, 400);
        float[] damped = samples.hessian().values().clone();
        double mean = 0;
        for (int i = 0; i < 160; i++) {
            mean += samples.hessian().diagonal(i) / 160;
        }
        for (int i = 0; i < 160; i++) {
            damped[i * 160 + i] += (float) (0.01 * mean);
        }
        QuantizedMatrix result = quantize(samples, "2g32t6", 16);
        double loss = OutputError.of(samples.weights().values(), result.weights(), new Hessian(160, damped, 400), ALGEBRA);
        assertThat(result.loss()).as("seed %d", SEED).isCloseTo(loss / 2, within(2e-3 * loss));
    }

    @ParameterizedTest
    @CsvSource({"1rowt", "2g64t6", "3rowt", "4rowt"})
    void withARejectedOrEmptyHessianWeightsAreFoundByThemselvesAndThatIsSaid(String id) {
        QuantizerSamples samples = samples(20, 64);
        float[] indefinite = new float[64 * 64];
        for (int i = 0; i < 64; i++) {
            // Pairs of inputs with eigenvalues 1 and −0.05, which no damping allowed makes positive.
            indefinite[i * 64 + i] = 0.475f;
            indefinite[i * 64 + (i ^ 1)] = 0.525f;
        }
        Gptq gptq = new Gptq(GptqSettings.careful(2).withPaths(32), ALGEBRA);
        QuantizedMatrix rejected = gptq.quantize(samples.weights(), new Hessian(64, indefinite, 5), Scheme.parse(id));
        QuantizedMatrix empty = gptq.quantize(samples.weights(), new Hessian(64, new float[64 * 64], 0), Scheme.parse(id));
        assertThat(rejected.events()).last().isEqualTo(new QuantizationEvent.HessianRejected(0.1));
        assertThat(empty.events()).containsExactly(new QuantizationEvent.NoTokens());
        assertThat(rejected.weights()).as("seed %d", SEED).isEqualTo(empty.weights());
        double left = 0;
        double all = 0;
        for (int i = 0; i < rejected.weights().length; i++) {
            left += Math.pow(samples.weights().values()[i] - rejected.weights()[i], 2);
            all += Math.pow(samples.weights().values()[i], 2);
        }
        assertThat(left / all).as("seed %d", SEED).isBetween(1e-4, 1.4 * Math.pow(0.28, Scheme.parse(id).bits()));
    }

    @Test
    void onePathWithoutChoiceIsNotAsked() {
        assertThatThrownBy(() -> GptqSettings.careful(0).withPaths(0)).hasMessageContaining("not 0");
        assertThatThrownBy(() -> Scheme.parse("8g64t6")).hasMessageContaining("1 to 4 bits");
    }
}
