package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Frequencies of many draws against the probabilities worked out by hand. */
class SamplerTest {
    private static final int DRAWS = 200_000;
    private static final long SEED = 20260305;
    /** Five standard deviations of a frequency near 0.5. */
    private static final double TOLERANCE = 5 * Math.sqrt(0.25 / DRAWS);
    private static final float[] LOGITS = {(float) Math.log(0.1), (float) Math.log(0.4), (float) Math.log(0.05), (float) Math.log(0.3),
        (float) Math.log(0.15)};

    @Test
    void greedyTakesTheLargestAndOfEqualOnesTheLowest() {
        Sampler sampler = new Sampler(SamplingOptions.GREEDY, RandomGenerator.of("L64X128MixRandom"));
        assertThat(sampler.next(new float[] {1, 3, 2, 3, -5})).isEqualTo(1);
        assertThat(sampler.next(new float[] {0f, -0f, 0f})).isZero();
        assertThat(sampler.next(new float[] {-0f, 0f})).isZero();
        assertThat(sampler.next(new float[] {Float.NEGATIVE_INFINITY, -7})).isEqualTo(1);
    }

    @Test
    void temperatureOneGivesTheSoftmax() {
        assertFrequencies(new SamplingOptions(1, 0, 1, 0, 1), 0.1, 0.4, 0.05, 0.3, 0.15);
    }

    @Test
    void temperatureHalfSquaresTheProbabilities() {
        double sum = 0.01 + 0.16 + 0.0025 + 0.09 + 0.0225;
        assertFrequencies(new SamplingOptions(0.5f, 0, 1, 0, 1), 0.01 / sum, 0.16 / sum, 0.0025 / sum, 0.09 / sum, 0.0225 / sum);
    }

    @Test
    void topKKeepsTheMostProbable() {
        assertFrequencies(new SamplingOptions(1, 2, 1, 0, 1), 0, 4 / 7.0, 0, 3 / 7.0, 0);
        assertFrequencies(new SamplingOptions(1, 1, 1, 0, 1), 0, 1, 0, 0, 0);
        assertFrequencies(new SamplingOptions(1, 100, 1, 0, 1), 0.1, 0.4, 0.05, 0.3, 0.15);
    }

    @Test
    void topPKeepsTheSmallestSetThatReachesIt() {
        assertFrequencies(new SamplingOptions(1, 0, 0.75f, 0, 1), 0, 0.4 / 0.85, 0, 0.3 / 0.85, 0.15 / 0.85);
        assertFrequencies(new SamplingOptions(1, 0, 0.39f, 0, 1), 0, 1, 0, 0, 0);
        assertFrequencies(new SamplingOptions(1, 2, 0.5f, 0, 1), 0, 1, 0, 0, 0);
    }

    @Test
    void minPIsRelativeToTheMostProbable() {
        assertFrequencies(new SamplingOptions(1, 0, 1, 0.3f, 1), 0, 0.4 / 0.85, 0, 0.3 / 0.85, 0.15 / 0.85);
    }

    @Test
    void theRepetitionPenaltyMakesSeenTokensLessProbable() {
        Sampler sampler = new Sampler(new SamplingOptions(0, 0, 1, 0, 2), RandomGenerator.of("L64X128MixRandom"));
        float[] logits = {3, 2.9f, -1, -1.5f};
        assertThat(sampler.next(logits)).isZero();
        assertThat(sampler.next(logits)).isEqualTo(1);
        assertThat(sampler.next(logits)).isZero();
        sampler.accept(2);
        assertThat(sampler.next(new float[] {-9, -9, -1, -1.5f})).isEqualTo(3);
        assertThat(logits).containsExactly(3, 2.9f, -1, -1.5f);
    }

    @Test
    void theSameSeedDrawsTheSameTokens() {
        assertThat(draws(1)).isEqualTo(draws(1)).isNotEqualTo(draws(2));
    }

    @Test
    void refusesWhatIsNoNumber() {
        Sampler sampler = new Sampler(SamplingOptions.GREEDY, RandomGenerator.of("L64X128MixRandom"));
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> sampler.next(new float[] {1, bad})).isInstanceOf(InvalidLogitsException.class);
        }
        assertThatThrownBy(() -> sampler.next(new float[] {Float.NEGATIVE_INFINITY})).isInstanceOf(InvalidLogitsException.class);
    }

    @Test
    void refusesOptionsOutOfRange() {
        assertThatThrownBy(() -> new SamplingOptions(-1, 0, 1, 0, 1)).hasMessageContaining("temperature").hasMessageContaining("-1");
        assertThatThrownBy(() -> new SamplingOptions(Float.NaN, 0, 1, 0, 1)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> new SamplingOptions(1, -2, 1, 0, 1)).hasMessageContaining("top-k");
        assertThatThrownBy(() -> new SamplingOptions(1, 0, 0, 0, 1)).hasMessageContaining("top-p");
        assertThatThrownBy(() -> new SamplingOptions(1, 0, 1, 1.5f, 1)).hasMessageContaining("min-p");
        assertThatThrownBy(() -> new SamplingOptions(1, 0, 1, 0, 0)).hasMessageContaining("penalty");
    }

    private static List<Integer> draws(long seed) {
        Sampler sampler = new Sampler(new SamplingOptions(1, 0, 1, 0, 1), new SplittableRandom(seed));
        return IntStream.range(0, 50).mapToObj(_ -> sampler.next(LOGITS)).toList();
    }

    private static void assertFrequencies(SamplingOptions options, double... expected) {
        Sampler sampler = new Sampler(options, new SplittableRandom(SEED));
        int[] counts = new int[expected.length];
        for (int i = 0; i < DRAWS; i++) {
            counts[sampler.next(LOGITS)]++;
        }
        for (int id = 0; id < expected.length; id++) {
            assertThat(counts[id] / (double) DRAWS).as("token " + id + ", seed " + SEED)
                    .isCloseTo(expected[id], within(expected[id] == 0 || expected[id] == 1 ? 0 : TOLERANCE));
        }
    }
}
