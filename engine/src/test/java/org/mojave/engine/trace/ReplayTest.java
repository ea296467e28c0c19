package org.mojave.engine.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.mojave.engine.evict.DecayedFrequency;
import org.mojave.engine.evict.EvictionPolicy;
import org.mojave.engine.evict.LeastFrequentlyUsed;
import org.mojave.engine.evict.LeastRecentlyUsed;

final class ReplayTest {
    private static RouteTrace trace(int layers, int experts, int chosen, int[] stepTokens, SplittableRandom random) {
        int tokens = Arrays.stream(stepTokens).sum();
        List<RouteTrace.Layer> all = new ArrayList<>();
        char[][] choices = new char[layers][tokens * chosen];
        for (int l = 0; l < layers; l++) {
            all.add(new RouteTrace.Layer(l, experts, chosen));
            for (int t = 0; t < tokens; t++) {
                Set<Integer> taken = new HashSet<>();
                for (int k = 0; k < chosen; k++) {
                    int expert;
                    do {
                        int other = random.nextInt(experts);
                        expert = Math.min(random.nextInt(experts), other);
                    } while (!taken.add(expert));
                    choices[l][t * chosen + k] = (char) expert;
                }
            }
        }
        return new RouteTrace(all, stepTokens, choices);
    }

    private static List<EvictionPolicy> online(RouteTrace trace) {
        return List.of(new LeastRecentlyUsed(trace.numbers()), new LeastFrequentlyUsed(trace.numbers()),
                new DecayedFrequency(trace.numbers(), DecayedFrequency.Settings.usual()));
    }

    @Test
    void beladyIsTheBestOfAllWaysToEvict() {
        SplittableRandom random = new SplittableRandom(20251);
        for (int round = 0; round < 120; round++) {
            int slots = 1 + random.nextInt(4);
            int[] steps = random.ints(4 + random.nextInt(3), 1, 3).toArray();
            RouteTrace trace = trace(2, 4, 1 + random.nextInt(2), steps, random);
            long best = new AllWays(trace, slots).fewestReads();
            assertThat(Replay.of(trace, slots, new Belady(trace)).reads()).as("round %d of seed 20251", round).isEqualTo(best);
            for (EvictionPolicy policy : online(trace)) {
                assertThat(Replay.of(trace, slots, policy).reads()).as(policy.name()).isGreaterThanOrEqualTo(best);
            }
        }
    }

    /** Tries every victim that the rules allow: not in use, and of experts still to come only where all others are gone. */
    private static final class AllWays {
        private final List<int[]> demands = new ArrayList<>();
        private final int slots;
        private final Map<List<Object>, Long> known = new HashMap<>();

        AllWays(RouteTrace trace, int slots) {
            this.slots = slots;
            trace.demands((_, layer, experts) -> demands.add(Arrays.stream(experts).map(e -> trace.numbers().number(layer, e)).toArray()));
        }

        long fewestReads() {
            return from(0, 0, new TreeSet<>());
        }

        private long from(int demand, int index, Set<Integer> held) {
            if (demand == demands.size()) {
                return 0;
            }
            int[] numbers = demands.get(demand);
            if (index == numbers.length) {
                return from(demand + 1, 0, held);
            }
            List<Object> key = List.of(demand, index, List.copyOf(held));
            Long before = known.get(key);
            if (before != null) {
                return before;
            }
            long best = Long.MAX_VALUE;
            int number = numbers[index];
            if (held.contains(number)) {
                best = from(demand, index + 1, held);
            } else if (held.size() < slots) {
                best = 1 + from(demand, index + 1, with(held, number, -1));
            } else {
                Set<Integer> busy = new HashSet<>();
                for (int i = numbers.length <= slots ? 0 : index; i < numbers.length; i++) {
                    busy.add(numbers[i]);
                }
                Set<Integer> victims = new TreeSet<>(held);
                victims.removeAll(busy);
                for (int victim : victims.isEmpty() ? held : victims) {
                    best = Math.min(best, 1 + from(demand, index + 1, with(held, number, victim)));
                }
            }
            known.put(key, best);
            return best;
        }

        private static Set<Integer> with(Set<Integer> held, int added, int removed) {
            Set<Integer> changed = new TreeSet<>(held);
            changed.remove(removed);
            changed.add(added);
            return changed;
        }
    }

    @Test
    void anEmptySlabReadsEachExpertOnceWhereAllFit() {
        RouteTrace trace = trace(3, 8, 2, new int[] {20, 1, 1, 1, 30}, new SplittableRandom(3));
        Set<Integer> touched = new HashSet<>();
        trace.demands((_, layer, experts) -> Arrays.stream(experts).forEach(e -> touched.add(trace.numbers().number(layer, e))));
        for (EvictionPolicy policy : online(trace)) {
            Replay.Result result = Replay.of(trace, 24, policy);
            assertThat(result.reads()).as(policy.name()).isEqualTo(touched.size());
            assertThat(result.tokens()).isEqualTo(53);
        }
    }

    @Test
    void leastRecentlyUsedNeverHitsBelowOneTokenCycle() {
        // Every token chooses the same two experts in each of four layers: eight slots hold them all, with six each is gone when it is needed.
        int[] steps = new int[50];
        Arrays.fill(steps, 1);
        char[] same = new char[100];
        for (int i = 1; i < 100; i += 2) {
            same[i] = 1;
        }
        List<RouteTrace.Layer> layers = new ArrayList<>();
        for (int l = 0; l < 4; l++) {
            layers.add(new RouteTrace.Layer(l, 4, 2));
        }
        RouteTrace trace = new RouteTrace(layers, steps, new char[][] {same, same, same, same});
        assertThat(Replay.of(trace, 8, new LeastRecentlyUsed(trace.numbers())).reads()).isEqualTo(8);
        assertThat(Replay.of(trace, 6, new LeastRecentlyUsed(trace.numbers())).hits()).isZero();
        assertThat(Replay.of(trace, 6, new Belady(trace)).hitRate()).isGreaterThan(0.6);
        assertThat(Replay.of(trace, 6, new DecayedFrequency(trace.numbers(), DecayedFrequency.Settings.usual())).hitRate())
                .isGreaterThan(0.4);
    }

    @Test
    void noSlotsAreRefused() {
        RouteTrace trace = trace(1, 4, 1, new int[] {2}, new SplittableRandom(1));
        assertThatThrownBy(() -> Replay.of(trace, 0, new Belady(trace))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void countsFromAStepOnAndByMisses() {
        SplittableRandom random = new SplittableRandom(9);
        RouteTrace trace = trace(3, 8, 2, new int[] {2, 1, 1, 1, 1, 1}, random);
        Replay.Result all = Replay.of(trace, 9, new LeastRecentlyUsed(trace.numbers()));
        Replay.Result later = Replay.of(trace, 9, new LeastRecentlyUsed(trace.numbers()), 2);
        assertThat(all.tokens()).isEqualTo(7);
        assertThat(later.tokens()).isEqualTo(4);
        assertThat(later.requests()).isEqualTo(4 * 3 * 2);
        for (Replay.Result result : List.of(all, later)) {
            long missed = 0;
            for (int misses = 0; misses < result.demandsByMisses().size(); misses++) {
                missed += misses * result.demandsByMisses().get(misses);
            }
            assertThat(missed).isEqualTo(result.reads());
        }
        assertThat(all.demandsByMisses().stream().mapToLong(Long::longValue).sum()).isEqualTo(6 * 3);
        assertThat(later.demandsByMisses().stream().mapToLong(Long::longValue).sum()).isEqualTo(4 * 3);
        assertThat(later.reads()).isLessThan(all.reads());
    }
}
