package org.mojave.engine.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.mojave.engine.evict.DecayedFrequency;
import org.mojave.engine.evict.LeastRecentlyUsed;

final class SyntheticRoutesTest {
    private static final int TOKENS = 4000;
    private static final List<RouteTrace.Layer> LAYERS = List.of(new RouteTrace.Layer(1, 16, 4), new RouteTrace.Layer(3, 16, 4));

    private static double[] shares(RouteTrace trace, int layer) {
        double[] shares = new double[16];
        for (int t = 0; t < TOKENS; t++) {
            int[] chosen = trace.chosen(layer, t);
            assertThat(Arrays.stream(chosen).distinct().count()).isEqualTo(4);
            Arrays.stream(chosen).forEach(expert -> shares[expert] += 1.0 / TOKENS);
        }
        return shares;
    }

    @Test
    void withExponentZeroAllExpertsAreAlike() {
        RouteTrace trace = SyntheticRoutes.zipf(LAYERS, new SyntheticRoutes.Law(0, 0), TOKENS, new SplittableRandom(1));
        for (int layer = 0; layer < 2; layer++) {
            for (double share : shares(trace, layer)) {
                assertThat(share).isCloseTo(4 / 16.0, within(0.03));
            }
        }
        double hits = Replay.of(trace, 16, new LeastRecentlyUsed(trace.numbers()), 100).hitRate();
        assertThat(hits).as("half of all experts are held, some of them because the layer needs them now").isBetween(0.42, 0.5);
    }

    /** P(rank r among the first k) summed over ranks is k; rank 1 is drawn first with 1 / H₁₆. */
    @Test
    void withExponentOneTheSharesFall() {
        RouteTrace trace = SyntheticRoutes.zipf(LAYERS, new SyntheticRoutes.Law(1, 0), TOKENS, new SplittableRandom(1));
        double[] shares = shares(trace, 0);
        double harmonic = 0;
        for (int rank = 1; rank <= 16; rank++) {
            harmonic += 1.0 / rank;
        }
        Arrays.sort(shares);
        assertThat(Arrays.stream(shares).sum()).isCloseTo(4, within(1e-6));
        assertThat(shares[15]).isGreaterThan(1 / harmonic).isGreaterThan(5 * shares[0]);
        double first = 0;
        int best = 0;
        for (int expert = 0; expert < 16; expert++) {
            int candidate = expert;
            double share = java.util.stream.IntStream.range(0, TOKENS).filter(t -> trace.chosen(0, t)[0] == candidate).count() / (double) TOKENS;
            best = share > first ? expert : best;
            first = Math.max(first, share);
        }
        assertThat(first).as("expert %d", best).isCloseTo(1 / harmonic, within(0.03));
        assertThat(Replay.of(trace, 16, new DecayedFrequency(trace.numbers(), DecayedFrequency.Settings.usual()), 100).hitRate()).isGreaterThan(0.65);
    }

    @Test
    void aSeedMakesOneTrace() {
        RouteTrace one = SyntheticRoutes.zipf(LAYERS, new SyntheticRoutes.Law(1, 0), 50, new SplittableRandom(7));
        RouteTrace same = SyntheticRoutes.zipf(LAYERS, new SyntheticRoutes.Law(1, 0), 50, new SplittableRandom(7));
        RouteTrace other = SyntheticRoutes.zipf(LAYERS, new SyntheticRoutes.Law(1, 0), 50, new SplittableRandom(8));
        assertThat(one.choices(1)).isEqualTo(same.choices(1)).isNotEqualTo(other.choices(1));
        assertThatThrownBy(() -> SyntheticRoutes.zipf(LAYERS, new SyntheticRoutes.Law(-1, 0), 5, new SplittableRandom(7))).hasMessageContaining("exponent");
    }

    /** Of 4 experts the next token has 4 r + (1 − r) · 4 · 4/16 in common, a little less because what is drawn is none of those kept. */
    @Test
    void aShareOfTheExpertsRepeats() {
        RouteTrace trace = SyntheticRoutes.zipf(LAYERS, new SyntheticRoutes.Law(0, 0.5), TOKENS, new SplittableRandom(3));
        long common = 0;
        for (int t = 1; t < TOKENS; t++) {
            List<Integer> last = Arrays.stream(trace.chosen(0, t - 1)).boxed().toList();
            common += Arrays.stream(trace.chosen(0, t)).filter(last::contains).count();
        }
        assertThat(common / (TOKENS - 1.0)).isBetween(2.2, 2.5);
        for (double share : shares(trace, 1)) {
            assertThat(share).isCloseTo(4 / 16.0, within(0.04));
        }
        assertThatThrownBy(() -> new SyntheticRoutes.Law(0, 1.5)).hasMessageContaining("repeats");
    }
}
