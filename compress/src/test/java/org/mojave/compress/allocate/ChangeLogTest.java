package org.mojave.compress.allocate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Forgetting must not change what the living lead to. */
class ChangeLogTest {
    @Test
    void compactedEntriesLeadWhereTheyLed() {
        for (long seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            ChangeLog log = new ChangeLog();
            for (int i = 0; i < 3000; i++) {
                log.add(random.nextInt(4) == 0 || i == 0 ? ChangeLog.NONE : random.nextInt(i), random.nextInt(20), 1 + random.nextInt(5));
            }
            StateList states = new StateList(30);
            for (int s = 0; s < 30; s++) {
                states.add(s, -s, s == 7 ? ChangeLog.NONE : random.nextInt(3000), StateList.UNCHANGED);
            }
            int best = random.nextInt(3000);
            List<int[]> before = applied(log, states, best);
            int newBest = log.compact(states, best);
            List<int[]> after = applied(log, states, newBest);
            assertThat(log.size()).isLessThan(1000);
            assertThat(states.size()).isEqualTo(30);
            for (int i = 0; i < before.size(); i++) {
                assertThat(after.get(i)).as("seed %d state %d", seed, i).containsExactly(before.get(i));
            }
        }
    }

    @Test
    void withoutAnyStateNothingIsKept() {
        ChangeLog log = new ChangeLog();
        log.add(log.add(ChangeLog.NONE, 1, 1), 2, 2);
        assertThat(log.compact(new StateList(0), ChangeLog.NONE)).isEqualTo(ChangeLog.NONE);
        assertThat(log.size()).isZero();
    }

    private static List<int[]> applied(ChangeLog log, StateList states, int best) {
        List<int[]> all = new ArrayList<>();
        for (int s = 0; s < states.size(); s++) {
            int[] choices = new int[20];
            log.apply(states.change(s), choices);
            all.add(choices);
        }
        int[] choices = new int[20];
        log.apply(best, choices);
        all.add(choices);
        return all;
    }
}
