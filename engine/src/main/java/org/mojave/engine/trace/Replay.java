package org.mojave.engine.trace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.mojave.engine.evict.EvictionPolicy;
import org.mojave.engine.evict.ExpertNumbers;

/**
 * What a slab of slots would have done with a trace. As in a run, experts that a layer needs together are all in use until the layer
 * is done; where they are more than the slots, they pass through in ascending order.
 *
 * <p>Example: {@code Replay.of(trace, 400, new LeastRecentlyUsed(trace.numbers())).hitRate()}.
 */
public final class Replay {
    private final int[] firstOfLayer;
    private final int slots;
    private final EvictionPolicy policy;
    /** Numbers held, unordered, and where each number is held or −1. */
    private final int[] held;
    private final int[] place;
    private final boolean[] needed;
    private int heldCount;
    private final List<Long> demandsByMisses = new ArrayList<>();
    private long requests;
    private long hits;

    /**
     * The outcome.
     *
     * @param policy its name
     * @param requests experts needed, summed over steps and layers
     * @param hits how many of them were held already
     * @param tokens tokens that were counted
     * @param demandsByMisses how many layers of steps missed 0, 1, 2, … experts
     */
    public record Result(String policy, long requests, long hits, long tokens, List<Long> demandsByMisses) {
        public Result {
            demandsByMisses = List.copyOf(demandsByMisses);
        }

        /** Share of requests served without a read; 1 where there were none. */
        public double hitRate() {
            return requests == 0 ? 1 : (double) hits / requests;
        }

        /** Experts read. */
        public long reads() {
            return requests - hits;
        }

        /** Experts read per token. */
        public double readsPerToken() {
            return tokens == 0 ? 0 : (double) reads() / tokens;
        }
    }

    private Replay(ExpertNumbers numbers, int slots, EvictionPolicy policy) {
        if (slots < 1) {
            throw new IllegalArgumentException("at least one slot is needed, not " + slots);
        }
        this.slots = slots;
        this.policy = policy;
        firstOfLayer = new int[numbers.layers()];
        for (int l = 0; l < firstOfLayer.length; l++) {
            firstOfLayer[l] = numbers.number(l, 0);
        }
        held = new int[Math.min(slots, numbers.total())];
        place = new int[numbers.total()];
        Arrays.fill(place, -1);
        needed = new boolean[numbers.total()];
    }

    /** Replays the whole trace from an empty slab. */
    public static Result of(RouteTrace trace, int slots, EvictionPolicy policy) {
        return of(trace, slots, policy, 0);
    }

    /** As {@link #of(RouteTrace, int, EvictionPolicy)}, counting only from that step on: what a slab does once it is warm. */
    public static Result of(RouteTrace trace, int slots, EvictionPolicy policy, int firstStep) {
        Replay replay = new Replay(trace.numbers(), slots, policy);
        trace.demands((step, layer, experts) -> replay.demand(layer, experts, step >= firstStep));
        long tokens = IntStream.range(firstStep, trace.steps()).mapToLong(trace::tokens).sum();
        return new Result(policy.name(), replay.requests, replay.hits, tokens, replay.demandsByMisses);
    }

    /** What the slab holds while a layer is asked for. */
    interface Held {
        boolean holds(int layer, int expert);
    }

    /** Hears what layers need, before the slab does. */
    interface Watcher {
        void demand(int layer, int[] experts, Held held);
    }

    /** Replays with somebody who watches. */
    static void watched(RouteTrace trace, int slots, EvictionPolicy policy, Watcher watcher) {
        Replay replay = new Replay(trace.numbers(), slots, policy);
        trace.demands((_, layer, experts) -> {
            watcher.demand(layer, experts, (l, expert) -> replay.place[replay.firstOfLayer[l] + expert] >= 0);
            replay.demand(layer, experts, true);
        });
    }

    private void count(int needed, int missed) {
        requests += needed;
        hits += needed - missed;
        while (demandsByMisses.size() <= missed) {
            demandsByMisses.add(0L);
        }
        demandsByMisses.set(missed, demandsByMisses.get(missed) + 1);
    }

    private void demand(int layer, int[] experts, boolean counts) {
        policy.at(layer);
        int first = firstOfLayer[layer];
        for (int expert : experts) {
            needed[first + expert] = true;
        }
        boolean fits = experts.length <= slots;
        for (int expert : experts) {
            policy.used(first + expert);
        }
        int missed = 0;
        for (int expert : experts) {
            int number = first + expert;
            if (place[number] < 0) {
                missed++;
                load(number);
            }
            needed[number] = fits;
        }
        if (counts) {
            count(experts.length, missed);
        }
        for (int expert : experts) {
            needed[first + expert] = false;
        }
    }

    private void load(int number) {
        int slot = heldCount < held.length ? heldCount++ : evict();
        held[slot] = number;
        place[number] = slot;
    }

    private int evict() {
        int victim = -1;
        for (int slot = 0; slot < heldCount; slot++) {
            if (victim < 0 || before(held[slot], held[victim])) {
                victim = slot;
            }
        }
        place[held[victim]] = -1;
        return victim;
    }

    /** Whether {@code a} leaves rather than {@code b}: what is not needed first, of what is needed the last in order. */
    private boolean before(int a, int b) {
        if (needed[a] != needed[b]) {
            return !needed[a];
        }
        if (needed[a]) {
            return a > b;
        }
        double left = policy.worth(a);
        double right = policy.worth(b);
        return left < right || (left == right && a < b);
    }
}
