package org.mojave.engine.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class LayerThresholdsTest {
    private static final int TOKENS = 3000;

    /** Falling weights of tokens. */
    private static float[] weights(int chosen, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] weights = new float[TOKENS * chosen];
        for (int t = 0; t < TOKENS; t++) {
            float value = 0.2f + (float) random.nextDouble();
            for (int k = 0; k < chosen; k++) {
                weights[t * chosen + k] = value;
                value *= (float) (0.3 + 0.7 * random.nextDouble());
            }
        }
        return weights;
    }

    private static double skipped(PruningRule rule, float[] weights, int chosen) {
        long skipped = 0;
        for (int kept : new Skips.Fixed(rule, chosen).kept(weights, TOKENS, new boolean[TOKENS])) {
            skipped += chosen - kept;
        }
        return skipped / (double) weights.length;
    }

    @Test
    void aThresholdSkipsTheShareItIsMadeForOfItsOwnTextAndAboutThatOfAnother() {
        for (int chosen : new int[] {2, 4, 8}) {
            LayerThresholds thresholds = LayerThresholds.of(weights(chosen, 1), chosen);
            for (double share : new double[] {0, 0.05, 0.15, 0.31, 0.45}) {
                assertThat(skipped(thresholds.skipping(share), weights(chosen, 1), chosen)).as("%d experts", chosen).isCloseTo(share, within(0.004));
                assertThat(skipped(thresholds.skipping(share), weights(chosen, 2), chosen)).as("%d experts", chosen).isCloseTo(share, within(0.02));
            }
        }
    }

    @Test
    void theMedianRatioSkipsTheSecondExpertOfHalfTheTokens() {
        float[] weights = weights(2, 3);
        LayerThresholds thresholds = LayerThresholds.of(weights, 2);
        assertThat(skipped(thresholds.ratioAbove(0.5), weights, 2)).isCloseTo(0.25, within(0.001));
        assertThat(thresholds.ratioAbove(0.5)).isEqualTo(new PruningRule.Ratio(thresholds.ratios().get(thresholds.ratios().size() / 2)));
    }

    @Test
    void badQuantilesAndSharesAreRefused() {
        assertThatThrownBy(() -> new LayerThresholds(2, List.of(0.5, 0.4), List.of(0.5, 0.9))).hasMessageContaining("rise");
        assertThatThrownBy(() -> new LayerThresholds(2, List.of(0.4, 0.5), List.of(0.5, Double.NaN))).hasMessageContaining("mass");
        LayerThresholds thresholds = LayerThresholds.of(weights(2, 4), 2);
        assertThatThrownBy(() -> thresholds.skipping(0.5)).hasMessageContaining("cannot skip 0.5 of 2");
    }
}
