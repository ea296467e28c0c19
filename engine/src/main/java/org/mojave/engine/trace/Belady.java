package org.mojave.engine.trace;

import java.util.ArrayList;
import java.util.List;
import org.mojave.engine.evict.EvictionPolicy;
import org.mojave.engine.evict.ExpertNumbers;

/**
 * Belady's optimum (MIN, IBM Systems Journal 1966): evicts what is used again last. It knows the future of one trace, so it only
 * serves to say how good the others are.
 */
public final class Belady implements EvictionPolicy {
    private final int[][] uses;
    private final int[] next;

    /** For a replay of that trace from its start. */
    public Belady(RouteTrace trace) {
        ExpertNumbers numbers = trace.numbers();
        List<List<Integer>> found = new ArrayList<>();
        for (int i = 0; i < numbers.total(); i++) {
            found.add(new ArrayList<>());
        }
        int[] clock = new int[1];
        trace.demands((_, layer, experts) -> {
            int first = numbers.number(layer, 0);
            for (int expert : experts) {
                found.get(first + expert).add(clock[0]++);
            }
        });
        uses = found.stream().map(list -> list.stream().mapToInt(Integer::intValue).toArray()).toArray(int[][]::new);
        next = new int[uses.length];
    }

    @Override
    public String name() {
        return "Belady";
    }

    @Override
    public void at(int layer) {}

    @Override
    public void used(int number) {
        next[number]++;
    }

    @Override
    public double worth(int number) {
        return next[number] < uses[number].length ? -uses[number][next[number]] : Double.NEGATIVE_INFINITY;
    }
}
