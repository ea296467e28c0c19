package org.mojave.compress.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Choosing sequences so that rare experts get their tokens. */
class BalancedSelectionTest {
    @Test
    void imbalanceFollowsTheFormula() {
        assertThat(new ExpertHistogram(1, 4, new int[] {5, 5, 5, 5}).imbalance()).isZero();
        assertThat(new ExpertHistogram(1, 4, new int[] {8, 0, 0, 0}).imbalance()).isCloseTo(0.5, within(1e-12));
        assertThat(new ExpertHistogram(2, 2, new int[] {3, 1, 0, 0}).imbalance()).isCloseTo(Math.sqrt(2 * 0.0625) / 2, within(1e-12));
    }

    @Test
    void theRuleOfEaQuant() {
        assertThat(BalancedSelection.of(2, 8, 4096, 64).requiredTokens()).isEqualTo(1024);
        assertThat(BalancedSelection.of(0.5, 2, 100, 7).requiredTokens()).isEqualTo(15);
    }

    @Test
    void rareExpertsDecide() {
        List<ExpertHistogram> pool = List.of(
                new ExpertHistogram(1, 3, new int[] {50, 50, 0}),
                new ExpertHistogram(1, 3, new int[] {60, 30, 10}),
                new ExpertHistogram(1, 3, new int[] {0, 0, 30}),
                new ExpertHistogram(1, 3, new int[] {100, 0, 0}));
        BalancedSelection.Result result = new BalancedSelection(30).choose(pool);
        assertThat(result.shortExperts()).isZero();
        assertThat(result.sequences()).containsExactlyInAnyOrder(2, 0);
        assertThat(result.total().counts()).containsExactly(50, 50, 30);
    }

    @Test
    void anExpertThatNothingReachesIsReportedAndTheSearchEnds() {
        List<ExpertHistogram> pool = List.of(new ExpertHistogram(1, 3, new int[] {6, 6, 0}), new ExpertHistogram(1, 3, new int[] {1, 11, 0}));
        BalancedSelection.Result result = new BalancedSelection(5).choose(pool);
        assertThat(result.sequences()).containsExactly(0);
        assertThat(result.shortExperts()).isEqualTo(1);
        assertThat(new BalancedSelection(100).choose(pool).shortExperts()).isEqualTo(3);
        assertThat(new BalancedSelection(100).choose(pool).sequences()).hasSize(2);
    }

    @Test
    void fewerSequencesThanInOrderForSkewedExperts() {
        for (long seed = 0; seed < 10; seed++) {
            List<ExpertHistogram> pool = skewed(new Random(seed));
            BalancedSelection.Result result = new BalancedSelection(40).choose(pool);
            ExpertHistogram inOrder = ExpertHistogram.empty(4, 16);
            int needed = 0;
            while (inOrder.least() < 40) {
                inOrder = inOrder.plus(pool.get(needed++));
            }
            assertThat(result.shortExperts()).isZero();
            assertThat(result.total().least()).isGreaterThanOrEqualTo(40);
            assertThat(result.sequences().size()).as("seed %d", seed).isLessThan(needed * 2 / 3);
            assertThat(result.total().imbalance()).as("seed %d", seed).isLessThan(inOrder.imbalance());
        }
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> new BalancedSelection(0)).hasMessageContaining("not 0");
        assertThatThrownBy(() -> new ExpertHistogram(1, 2, new int[] {1, -1})).hasMessageContaining("-1");
        assertThatThrownBy(() -> new BalancedSelection(1).choose(List.of(ExpertHistogram.empty(1, 2), new ExpertHistogram(1, 3, new int[] {1, 1, 1}))))
                .hasMessageContaining("different models");
    }

    /** 400 sequences of some topic each; experts of rising rarity that some topics like. */
    private static List<ExpertHistogram> skewed(Random random) {
        List<ExpertHistogram> pool = new ArrayList<>();
        for (int s = 0; s < 400; s++) {
            int topic = random.nextInt(8);
            int[] counts = new int[4 * 16];
            for (int i = 0; i < counts.length; i++) {
                double mean = 8 * Math.exp(-0.15 * (i % 16)) * (i % 8 == topic ? 6 : 1);
                counts[i] = (int) (mean * 2 * random.nextDouble());
            }
            pool.add(new ExpertHistogram(4, 16, counts));
        }
        return pool;
    }
}
