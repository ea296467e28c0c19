package org.mojave.engine.trace;

import java.util.Arrays;
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
    private long requests;
    private long hits;

    /**
     * The outcome.
     *
     * @param policy its name
     * @param requests experts needed, summed over steps and layers
     * @param hits how many of them were held already
     * @param tokens tokens of the trace
     */
    public record Result(String policy, long requests, long hits, long tokens) {
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
        Replay replay = new Replay(trace.numbers(), slots, policy);
        trace.demands((_, layer, experts) -> replay.demand(layer, experts));
        return new Result(policy.name(), replay.requests, replay.hits, trace.tokens());
    }

    private void demand(int layer, int[] experts) {
        policy.at(layer);
        int first = firstOfLayer[layer];
        for (int expert : experts) {
            needed[first + expert] = true;
        }
        boolean fits = experts.length <= slots;
        for (int expert : experts) {
            policy.used(first + expert);
        }
        for (int expert : experts) {
            int number = first + expert;
            requests++;
            if (place[number] >= 0) {
                hits++;
            } else {
                load(number);
            }
            needed[number] = fits;
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
