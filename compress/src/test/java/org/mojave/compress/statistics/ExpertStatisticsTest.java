package org.mojave.compress.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.compress.GoldenFolder;
import tools.jackson.databind.JsonNode;

/** Second moments against MoEQuant's own, merging, and the way starved experts borrow. */
class ExpertStatisticsTest {
    private static final GoldenFolder GOLDEN = GoldenFolder.of("moequant_agq");

    @ParameterizedTest
    @ValueSource(strings = {"agq", "agq_unnormalised"})
    void hessiansOfRoutedExpertsEqualTheRecordedOnes(String file) {
        JsonNode json = GOLDEN.json(file);
        for (JsonNode expert : json.get("experts_present")) {
            Routed routed = Routed.to(expert.intValue(), file, json);
            String name = "expert" + expert.intValue();
            assertSame(scaled(routed.statistics(0), routed.samples), GOLDEN.floats(file, name + ".hessian_plain"));
            assertSame(scaled(routed.statistics(1), routed.samples), GOLDEN.floats(file, name + ".hessian_affinity"));
            assertThat(routed.statistics(1).counts().tokens()).isEqualTo(tokens(json, name));
        }
    }

    @Test
    void sharedExpertIsWeightedByItsOwnGate() {
        JsonNode json = GOLDEN.json("agq");
        float[] x = GOLDEN.floats("agq", "inputs");
        float[] gate = GOLDEN.floats("agq", "shared_gate_score");
        int columns = json.get("columns").intValue();
        int samples = json.get("samples").intValue();
        assertSame(scaled(ExpertStatistics.of(1, x, gate, columns), samples), GOLDEN.floats("agq", "shared.hessian_affinity"));
        float[] ones = new float[gate.length];
        Arrays.fill(ones, 1);
        assertSame(scaled(ExpertStatistics.of(1, x, ones, columns), samples), GOLDEN.floats("agq", "shared.hessian_plain"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void twoHalvesMergeToTheWhole(int exponent) {
        Random random = new Random(4);
        float[] x = floats(random, 200 * 24);
        float[] c = positive(random, 200);
        ExpertStatistics whole = ExpertStatistics.of(exponent, x, c, 24);
        ExpertStatistics halves = ExpertStatistics.of(exponent, Arrays.copyOf(x, 77 * 24), Arrays.copyOf(c, 77), 24)
                .plus(ExpertStatistics.of(exponent, Arrays.copyOfRange(x, 77 * 24, x.length), Arrays.copyOfRange(c, 77, 200), 24))
                .plus(ExpertStatistics.none(exponent, 24));
        assertSame(halves.hessian(), whole.hessian());
        assertThat(halves.counts().tokens()).isEqualTo(200);
        assertThat(halves.counts().sum()).isCloseTo(whole.counts().sum(), within(1e-9));
        assertThat(halves.counts().sumOfSquares()).isCloseTo(whole.counts().sumOfSquares(), within(1e-9));
        assertThat(halves.effectiveTokens()).isCloseTo(whole.effectiveTokens(), within(1e-9));
    }

    @Test
    void exponentsWeighByPowersOfTheRoutingWeight() {
        float[] x = {1, 2, 3, 4};
        float[] c = {0.5f, 0.25f};
        assertThat(ExpertStatistics.of(0, x, c, 2).hessian()).containsExactly(10, 14, 14, 20);
        assertThat(ExpertStatistics.of(1, x, c, 2).hessian()).containsExactly(2.75f, 4, 4, 6);
        assertThat(ExpertStatistics.of(2, x, c, 2).hessian()).containsExactly(0.8125f, 1.25f, 1.25f, 2);
        assertThat(ExpertStatistics.of(0, x, c, 2).effectiveTokens()).isEqualTo(2);
        assertThat(ExpertStatistics.of(1, x, c, 2).effectiveTokens()).isCloseTo(1.8, within(1e-12));
        assertThat(ExpertStatistics.weights(2, c)).containsExactly(0.25f, 0.0625f);
    }

    @Test
    void starvedExpertsBorrowByEffectiveTokens() {
        Random random = new Random(9);
        float[] ones = new float[64];
        Arrays.fill(ones, 1);
        ExpertStatistics layer = ExpertStatistics.of(1, floats(random, 64 * 8), ones, 8);
        ExpertStatistics expert = ExpertStatistics.of(1, floats(random, 8 * 8), Arrays.copyOf(ones, 8), 8);
        Shrinkage shrinkage = new Shrinkage(8);
        Shrinkage.Shrunk half = shrinkage.apply(expert, layer);
        assertThat(half.mixing()).isEqualTo(0.5);
        assertThat(half.scale()).isCloseTo(expert.trace() / 8, within(1e-9));
        assertThat(meanDiagonal(half.hessian())).isCloseTo(1, within(1e-6));
        Shrinkage.Shrunk unseen = shrinkage.apply(ExpertStatistics.none(1, 8), layer);
        assertThat(unseen.mixing()).isEqualTo(1);
        assertThat(unseen.scale()).isZero();
        for (int i = 0; i < 64; i++) {
            assertThat(unseen.hessian()[i]).isCloseTo((float) (layer.hessian()[i] * 8 / layer.trace()), within(1e-6f));
            assertThat(half.hessian()[i]).isCloseTo((float) (expert.hessian()[i] * 4 / expert.trace()
                    + layer.hessian()[i] * 4 / layer.trace()), within(1e-6f));
        }
        assertThat(new Shrinkage(0).apply(expert, layer).mixing()).isZero();
        assertThat(new Shrinkage(0).apply(ExpertStatistics.none(1, 8), layer).mixing()).isEqualTo(1);
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> ExpertStatistics.of(1, new float[] {Float.NaN}, new float[] {1}, 1))
                .hasMessageContaining("second moment of input 0 is NaN");
        assertThatThrownBy(() -> ExpertStatistics.of(1, new float[] {1}, new float[] {-1}, 1)).hasMessageContaining("routing weight");
        assertThatThrownBy(() -> ExpertStatistics.none(3, 2)).hasMessageContaining("0, 1 or 2, not 3");
        assertThatThrownBy(() -> ExpertStatistics.none(1, 2).plus(ExpertStatistics.none(0, 2))).hasMessageContaining("cannot be merged");
        assertThatThrownBy(() -> new Shrinkage(4).apply(ExpertStatistics.none(1, 2), ExpertStatistics.none(1, 2)))
                .hasMessageContaining("no token of the layer");
    }

    /** The tokens of the golden that chose one expert, and in how many samples there were any. */
    private record Routed(float[] x, float[] c, int columns, int samples) {
        static Routed to(int expert, String file, JsonNode json) {
            int columns = json.get("columns").intValue();
            int slots = json.get("top_k").intValue();
            int perSample = json.get("tokens_per_sample").intValue();
            float[] inputs = GOLDEN.floats(file, "inputs");
            float[] scores = GOLDEN.floats(file, "routing_scores");
            int[] chosen = GOLDEN.integers(file, "selected_experts");
            int[] hits = IntStream.range(0, chosen.length).filter(i -> chosen[i] == expert).toArray();
            float[] x = new float[hits.length * columns];
            float[] c = new float[hits.length];
            for (int h = 0; h < hits.length; h++) {
                System.arraycopy(inputs, hits[h] / slots * columns, x, h * columns, columns);
                c[h] = scores[hits[h]];
            }
            long samples = Arrays.stream(hits).map(hit -> hit / slots / perSample).distinct().count();
            return new Routed(x, c, columns, (int) samples);
        }

        ExpertStatistics statistics(int exponent) {
            return ExpertStatistics.of(exponent, x, c, columns);
        }
    }

    private static long tokens(JsonNode json, String target) {
        for (JsonNode item : json.get("items")) {
            if (item.get("target").stringValue().equals(target)) {
                return item.get("tokens").longValue();
            }
        }
        throw new AssertionError("no item for " + target);
    }

    /** The reference's scale: 2 over the samples in which the expert was hit. */
    private static float[] scaled(ExpertStatistics statistics, int samples) {
        float[] scaled = statistics.hessian().clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= 2f / samples;
        }
        return scaled;
    }

    private static void assertSame(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        double norm = Math.sqrt(IntStream.range(0, expected.length).mapToDouble(i -> expected[i] * (double) expected[i]).average().orElseThrow());
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) actual[i]).isCloseTo(expected[i], within(1e-5 * norm));
        }
    }

    private static double meanDiagonal(float[] hessian) {
        int columns = (int) Math.sqrt(hessian.length);
        return IntStream.range(0, columns).mapToDouble(i -> hessian[i * columns + i]).average().orElseThrow();
    }

    private static float[] floats(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static float[] positive(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat();
        }
        return values;
    }
}
