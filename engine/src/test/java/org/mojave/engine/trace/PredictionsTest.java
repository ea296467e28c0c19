package org.mojave.engine.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.mojave.engine.evict.LeastRecentlyUsed;
import org.mojave.engine.predict.LayerFrequency;
import org.mojave.engine.predict.PathStatistics;

final class PredictionsTest {
    private static final List<RouteTrace.Layer> LAYERS = List.of(new RouteTrace.Layer(0, 16, 2), new RouteTrace.Layer(2, 16, 2), new RouteTrace.Layer(3, 16, 2));
    private static final int TOKENS = 3000;

    /** The first layer draws at random; each later one takes the neighbours of the experts before, nine times of ten. */
    private static RouteTrace paths(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        char[][] choices = new char[3][2 * TOKENS];
        for (int t = 0; t < TOKENS; t++) {
            for (int layer = 0; layer < 3; layer++) {
                boolean follows = layer > 0 && random.nextInt(10) < 9;
                int first = follows ? (choices[layer - 1][2 * t] + 1) % 16 : random.nextInt(16);
                int second = follows ? (choices[layer - 1][2 * t + 1] + 1) % 16 : (first + 1 + random.nextInt(15)) % 16;
                choices[layer][2 * t] = (char) first;
                choices[layer][2 * t + 1] = (char) second;
            }
        }
        int[] steps = new int[TOKENS];
        Arrays.fill(steps, 1);
        return new RouteTrace(LAYERS, steps, choices);
    }

    @Test
    void pathsAreLearnt() {
        RouteTrace trace = paths(1);
        List<Integer> experts = trace.numbers().perLayer();
        Predictions.Result found = Predictions.of(trace, new PathStatistics(experts), 24, new LeastRecentlyUsed(trace.numbers()));
        assertThat(found.predictor()).isEqualTo("paths");
        assertThat(found.byLayer().get(0)).as("nothing to learn").isBetween(0.05, 0.25);
        assertThat(found.byLayer().get(1)).isBetween(0.8, 0.95);
        assertThat(found.byLayer().get(2)).isBetween(0.8, 0.95);
        assertThat(found.ofNeeded()).isCloseTo(found.byLayer().stream().mapToDouble(share -> share).average().orElseThrow(), within(1e-9));
        assertThat(found.ofMissing()).isBetween(0.4, 0.9);
        Predictions.Result frequency = Predictions.of(trace, new LayerFrequency(experts), 24, new LeastRecentlyUsed(trace.numbers()));
        assertThat(frequency.ofNeeded()).isBetween(0.08, 0.2);
    }

    @Test
    void recordedGuessesCountAsTheyAre() {
        RouteTrace trace = paths(2);
        Predictions.Result right = Predictions.of(trace, new GuessedRoutes(trace), 48, new LeastRecentlyUsed(trace.numbers()));
        assertThat(right.ofNeeded()).isEqualTo(1);
        assertThat(right.ofMissing()).isEqualTo(1);
        assertThat(right.right()).isEqualTo(1);
        assertThat(right.byRank()).containsExactly(1.0, 1.0);
        Predictions.Result other = Predictions.of(trace, new GuessedRoutes(paths(3)), 24, new LeastRecentlyUsed(trace.numbers()));
        assertThat(other.ofNeeded()).isBetween(0.08, 0.2);
    }

    @Test
    void promptsAreNotPredicted() {
        RouteTrace prompt = new RouteTrace(List.of(new RouteTrace.Layer(0, 4, 1)), new int[] {3}, new char[][] {{1, 2, 3}});
        assertThatThrownBy(() -> Predictions.of(prompt, new LayerFrequency(List.of(4)), 2, new LeastRecentlyUsed(prompt.numbers())))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("single tokens");
    }
}
