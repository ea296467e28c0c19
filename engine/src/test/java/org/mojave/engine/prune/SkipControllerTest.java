package org.mojave.engine.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class SkipControllerTest {
    /** Falling weights of tokens, more even the larger {@code evenness}. */
    private static float[] weights(int tokens, int slots, double evenness, SplittableRandom random) {
        float[] w = new float[tokens * slots];
        for (int t = 0; t < tokens; t++) {
            double value = 1;
            for (int s = 0; s < slots; s++) {
                w[t * slots + s] = (float) value;
                value *= Math.pow(random.nextDouble(), 1 / evenness);
            }
        }
        return w;
    }

    @Test
    void holdsTheShareTokenByTokenWhateverTheTexts() {
        for (int slots : new int[] {2, 4, 8}) {
            for (double target : new double[] {0.05, 0.15, 0.3}) {
                SplittableRandom random = new SplittableRandom(slots);
                SkipController controller = new SkipController(slots, target);
                long skipped = 0;
                int tokens = 6000;
                for (int t = 0; t < tokens; t++) {
                    float[] one = weights(1, slots, t < tokens / 2 ? 1 : 4, random);
                    skipped += slots - controller.kept(one, 1, new boolean[1])[0];
                }
                assertThat((double) skipped / slots / tokens).as("%d slots", slots).isCloseTo(target, within(0.012));
            }
        }
    }

    @Test
    void theFirstLongBatchMeetsTheShareItself() {
        SplittableRandom random = new SplittableRandom(5);
        for (int slots : new int[] {2, 8}) {
            float[] w = weights(400, slots, 1, random);
            boolean[] whole = new boolean[400];
            whole[7] = true;
            int[] kept = new SkipController(slots, 0.15).kept(w, 400, whole);
            long skipped = 0;
            for (int k : kept) {
                assertThat(k).isBetween(1, slots);
                skipped += slots - k;
            }
            assertThat(kept[7]).isEqualTo(slots);
            assertThat((double) skipped / slots / 400).isBetween(0.14, 0.15);
        }
    }

    /** Every one of them: after texts of even weights come texts of uneven ones. */
    @Test
    void everyLongBatchMeetsTheShare() {
        SplittableRandom random = new SplittableRandom(6);
        SkipController controller = new SkipController(2, 0.15);
        for (int batch = 0; batch < 6; batch++) {
            int skipped = 0;
            for (int kept : controller.kept(weights(2000, 2, batch % 2 == 0 ? 1 : 6, random), 2000, new boolean[2000])) {
                skipped += 2 - kept;
            }
            assertThat(skipped / 4000.0).as("batch %d", batch).isBetween(0.145, 0.15);
        }
    }

    @Test
    void nothingIsSkippedAtTargetZero() {
        SkipController controller = new SkipController(4, 0);
        int[] kept = controller.kept(weights(100, 4, 1, new SplittableRandom(1)), 100, new boolean[100]);
        assertThat(kept).containsOnly(4);
        assertThatThrownBy(() -> new SkipController(2, 0.5)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SkipController(1, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void largeNormsAreGuarded() {
        SplittableRandom random = new SplittableRandom(9);
        double[] norms = random.doubles(500, 1, 2).toArray();
        norms[0] = 900;
        boolean[] batch = new NormGuard(0.02).whole(norms);
        assertThat(batch[0]).isTrue();
        int count = 0;
        for (boolean whole : batch) {
            count += whole ? 1 : 0;
        }
        assertThat(count).isEqualTo(10);
        NormGuard single = new NormGuard(0.02);
        count = 0;
        for (int t = 0; t < 5000; t++) {
            count += single.whole(new double[] {1 + random.nextDouble()})[0] ? 1 : 0;
        }
        assertThat(count / 5000.0).isCloseTo(0.02, within(0.01));
        assertThat(single.whole(new double[] {900})[0]).as("a sink").isTrue();
    }
}
