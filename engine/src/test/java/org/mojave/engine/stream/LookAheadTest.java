package org.mojave.engine.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LookAheadTest {
    private long clock;

    /** Runs steps that take as long as told with and without reading ahead, each a tenth more or less; the number of steps that read ahead. */
    private int activeSteps(LookAhead ahead, int steps, long with, long without) {
        SplittableRandom random = new SplittableRandom(steps);
        int active = 0;
        ahead.step(clock);
        for (int i = 0; i < steps; i++) {
            boolean now = ahead.active();
            active += now ? 1 : 0;
            clock += Math.round((now ? with : without) * random.nextDouble(0.9, 1.1));
            ahead.step(clock);
        }
        return active;
    }

    @Test
    void itIsUsedWhereItMakesStepsShorter() {
        LookAhead ahead = new LookAhead(4);
        assertThat(activeSteps(ahead, 240, 50_000, 100_000)).isGreaterThan(200);
        assertThat(ahead.isBetter()).isTrue();
    }

    @Test
    void itSwitchesItselfOffWhereItDoesNot() {
        LookAhead ahead = new LookAhead(4);
        assertThat(activeSteps(ahead, 1000, 120_000, 100_000)).isLessThan(20);
        assertThat(ahead.isBetter()).isFalse();
        assertThat(activeSteps(ahead, 12_000, 20_000, 100_000)).as("times have changed").isGreaterThan(5000);
    }

    @ParameterizedTest
    @ValueSource(longs = {100_000, 99_000})
    void itStaysOffWhereTheGainIsLostInTheNoise(long with) {
        LookAhead ahead = new LookAhead(4);
        assertThat(activeSteps(ahead, 200, with, 100_000)).isLessThan(100);
    }

    @Test
    void chancesAreLearntByRank() {
        LookAhead ahead = new LookAhead(2);
        boolean[] needed = {true, false, false, false};
        for (int i = 0; i < 200; i++) {
            ahead.guess(3, new int[] {0, 1}, new boolean[] {true, true});
            ahead.compare(3, needed);
            ahead.guess(4, new int[] {1, 0}, new boolean[] {true, true});
            ahead.compare(5, needed);
            ahead.guess(3, new int[] {1, 0}, new boolean[] {false, false});
            ahead.compare(3, needed);
        }
        assertThat(ahead.chances()[0]).isGreaterThan(0.99);
        assertThat(ahead.chances()[1]).isLessThan(0.01);
        assertThat(ahead.pays(0)).isTrue();
        assertThat(ahead.pays(1)).isFalse();
        assertThat(ahead.pays(2)).isFalse();
    }

    @Test
    void stepsThatAreNoGenerationDoNotCount() {
        LookAhead ahead = new LookAhead(2);
        for (int i = 0; i < 100; i++) {
            ahead.step(clock);
            ahead.ignoreStep();
            clock += ahead.active() ? 1 : 1000;
        }
        assertThat(ahead.isBetter()).isFalse();
    }
}
