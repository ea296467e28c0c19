package org.mojave.engine.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LookAheadTest {
    /** Runs steps that wait as long as told with and without reading ahead; the number of steps that read ahead. */
    private static int activeSteps(LookAhead ahead, int steps, long with, long without) {
        long stall = 0;
        int active = 0;
        ahead.step(stall);
        for (int i = 0; i < steps; i++) {
            boolean now = ahead.active();
            active += now ? 1 : 0;
            stall += now ? with : without;
            ahead.step(stall);
        }
        return active;
    }

    @Test
    void itIsUsedWhereItShortensTheWaiting() {
        LookAhead ahead = new LookAhead(4);
        assertThat(activeSteps(ahead, 240, 50, 100)).isGreaterThan(200);
        assertThat(ahead.isBetter()).isTrue();
    }

    @Test
    void itSwitchesItselfOffWhereItDoesNot() {
        LookAhead ahead = new LookAhead(4);
        assertThat(activeSteps(ahead, 240, 120, 100)).isLessThan(40);
        assertThat(ahead.isBetter()).isFalse();
        assertThat(activeSteps(ahead, 400, 20, 100)).as("times have changed").isGreaterThan(200);
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
        long stall = 0;
        for (int i = 0; i < 100; i++) {
            ahead.step(stall);
            ahead.ignoreStep();
            stall += ahead.active() ? 1000 : 1;
        }
        assertThat(ahead.isBetter()).isTrue();
    }
}
