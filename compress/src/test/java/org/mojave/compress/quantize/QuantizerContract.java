package org.mojave.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/**
 * What every {@link Quantizer} must hold to. Inherit it and name the quantizer; one that makes binary codes inherits {@link
 * BinaryContract}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class QuantizerContract {
    static final long SEED = 20_261_125;

    /** The quantizer under test, with native storage. */
    abstract Quantizer quantizer();

    /** Schemes that it makes. */
    Stream<Scheme> schemes() {
        return Stream.of("8g128s", "4g128s", "4g32a", "4rows", "3g64a", "3rowa", "2g32a", "2g64s").map(Scheme::parse);
    }

    QuantizedMatrix quantize(QuantizerSamples samples, Scheme scheme) {
        return quantizer().quantize(samples.weights(), samples.hessian(), scheme);
    }

    static double error(QuantizerSamples samples, QuantizedMatrix result) {
        return OutputError.of(samples.weights().values(), result.weights(), samples.hessian(), LinearAlgebra.preferred());
    }

    @ParameterizedTest
    @MethodSource("schemes")
    void outputErrorIsNotWorseThanThatOfRounding(Scheme scheme) {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 40, 160, 300);
        double rounding = error(samples, new Rtn().quantize(samples.weights(), Statistics.NONE, scheme));
        double error = error(samples, quantize(samples, scheme));
        assertThat(error).as("seed %d", SEED).isLessThanOrEqualTo(1.01 * rounding);
        if (quantizer().requires() == Quantizer.Requirement.HESSIAN) {
            assertThat(error).as("on correlated inputs, seed %d", SEED).isLessThan(0.6 * rounding);
        }
    }

    @ParameterizedTest
    @MethodSource("schemes")
    void packingKeepsEveryWeight(Scheme scheme) {
        // 37 rows and 173 columns are no multiples of a tile, a run or a group.
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 37, 173, 200);
        QuantizedMatrix result = quantize(samples, scheme);
        assertThat(result.hasNaturalGroups()).isTrue();
        CodedMatrix coded = result.coded();
        PackedLayout layout = coded.layout();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(layout.bytes(), 64);
            PackedCodec.pack(coded, memory);
            float[] rows = new float[37 * 173];
            for (int row = 0; row < 37; row++) {
                PackedCodec.decodeRow(layout, memory, row, rows, row * 173);
            }
            assertThat(rows).as("seed %d", SEED).isEqualTo(result.weights());
        }
    }

    @Test
    void moreBitsNeverHurt() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 32, 128, 300);
        double last = Double.POSITIVE_INFINITY;
        for (int bits : new int[] {2, 3, 4, 8}) {
            double error = error(samples, quantize(samples, new Scheme(bits, 64, false)));
            assertThat(error).as("%d bits, seed %d", bits, SEED).isLessThan(last);
            last = error;
        }
    }

    @Test
    void deadColumnsAreRoundedNotCleared() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 16, 96, 100).withDeadColumns(0, 40, 95);
        QuantizedMatrix result = quantize(samples, Scheme.parse("4g32s"));
        float[] weights = result.weights();
        for (int dead : new int[] {0, 40, 95}) {
            for (int row = 0; row < 16; row++) {
                float scale = Math.abs(result.coded().scales()[row * 3 + dead / 32]);
                assertThat(weights[row * 96 + dead]).isCloseTo(samples.weights().values()[row * 96 + dead], within(scale * deadTolerance()));
            }
        }
        if (quantizer().requires() == Quantizer.Requirement.HESSIAN) {
            assertThat(result.events()).containsExactly(new QuantizationEvent.DeadColumns(3));
        }
    }

    /** How far a weight of a dead column may move, in steps. */
    float deadTolerance() {
        return 0.51f;
    }

    /** What it does where nothing is known of the inputs. */
    Quantizer rounding() {
        return new Rtn();
    }

    @Test
    void withoutTokensWeightsAreRoundedAndTheEventSaysSo() {
        withoutTokensWeightsAreRounded(Scheme.parse("4g32s"));
    }

    void withoutTokensWeightsAreRounded(Scheme scheme) {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 24, 64, 50);
        Hessian nothing = new Hessian(64, new float[64 * 64], 0);
        QuantizedMatrix result = quantizer().quantize(samples.weights(), nothing, scheme);
        assertThat(result.weights()).isEqualTo(rounding().quantize(samples.weights(), Statistics.NONE, scheme).weights());
        if (quantizer().requires() == Quantizer.Requirement.HESSIAN) {
            assertThat(result.events()).containsExactly(new QuantizationEvent.NoTokens());
        }
    }

    @Test
    void oneTokenIsEnough() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 24, 64, 1);
        Scheme scheme = Scheme.parse("3g32a");
        QuantizedMatrix result = quantize(samples, scheme);
        QuantizedMatrix rounded = new Rtn().quantize(samples.weights(), Statistics.NONE, scheme);
        assertThat(error(samples, result)).as("seed %d", SEED).isLessThanOrEqualTo(1.01 * error(samples, rounded));
        // What one token does not know about must not drift away: at most a few steps from the original.
        float[] weights = result.weights();
        for (int i = 0; i < weights.length; i++) {
            float scale = Math.abs(result.coded().scales()[i / 32]);
            assertThat(Math.abs(weights[i] - samples.weights().values()[i])).isLessThan(4 * scale);
        }
    }

    @Test
    void sameInputGivesTheSameBitsOnAnyThreadAndInPiecesOfRows() {
        sameInputGivesTheSameBits(Scheme.parse("4g64a"));
    }

    void sameInputGivesTheSameBits(Scheme scheme) {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 300, 160, 200);
        CodedMatrix first = quantize(samples, scheme).coded();
        List<CompletableFuture<CodedMatrix>> others = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            others.add(CompletableFuture.supplyAsync(() -> quantize(samples, scheme).coded()));
        }
        for (CompletableFuture<CodedMatrix> other : others) {
            CodedMatrix coded = other.join();
            assertThat(coded.codes()).as("seed %d", SEED).isEqualTo(first.codes());
            assertThat(coded.scales()).isEqualTo(first.scales());
            assertThat(coded.zeros()).isEqualTo(first.zeros());
        }
        float[] top = Arrays.copyOf(samples.weights().values(), 256 * 160);
        QuantizedMatrix piece = quantizer().quantize(new WeightMatrix("top", 256, 160, top), samples.hessian(), scheme);
        assertThat(piece.coded().codes()).isEqualTo(Arrays.copyOf(first.codes(), 256 * 160));
    }

    @Test
    void zeroMatricesStayZero() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 8, 64, 40);
        WeightMatrix zero = new WeightMatrix("zero", 8, 64, new float[8 * 64]);
        for (String scheme : new String[] {"4g32s", "2g32a", "8rows"}) {
            assertThat(quantizer().quantize(zero, samples.hessian(), Scheme.parse(scheme)).weights()).containsOnly(0f);
        }
    }

    @Test
    void weightsThatAreNotFiniteAreRefusedByPlace() {
        QuantizerSamples samples = QuantizerSamples.correlated(SEED, 4, 32, 40);
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] values = samples.weights().values().clone();
            values[2 * 32 + 5] = bad;
            WeightMatrix broken = new WeightMatrix("layers.0.query", 4, 32, values);
            assertThatThrownBy(() -> quantizer().quantize(broken, samples.hessian(), Scheme.parse("4g32s")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("layers.0.query: weight at row 2, column 5 is " + bad);
        }
        float[] large = new float[4 * 32];
        Arrays.fill(large, 1e9f);
        large[0] = -1e9f;
        assertThatThrownBy(() -> quantizer().quantize(new WeightMatrix("big", 4, 32, large), samples.hessian(), Scheme.parse("2g32s")))
                .hasMessage("big: weights too large for float16 scales at 2 bits");
    }
}
