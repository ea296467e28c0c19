package org.mojave.compress.allocate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The useful choices of one tie: bytes ascend, cost strictly falls (what is larger and not better is gone). Only {@code hull},
 * the indexes on the lower convex hull, can occur in the relaxation's optimum.
 */
record Menu(List<Item> items, List<String> schemes, long[] bytes, double[] cost, int[] hull) {
    /** One menu for items that must share a scheme: schemes that all of them offer, bytes and cost summed. */
    static Menu of(List<Item> items) {
        Map<String, Choice> sums = new LinkedHashMap<>();
        Map<String, Integer> offers = new LinkedHashMap<>();
        for (Item item : items) {
            for (Choice choice : item.choices()) {
                sums.merge(choice.scheme(), choice, Menu::sum);
                offers.merge(choice.scheme(), 1, Integer::sum);
            }
        }
        List<Choice> common = new ArrayList<>(sums.values().stream()
                .filter(choice -> offers.get(choice.scheme()) == items.size()).toList());
        if (common.isEmpty()) {
            throw new IllegalArgumentException("the " + items.size() + " items tied as " + items.getFirst().tie()
                    + " have no scheme in common");
        }
        return of(items, undominated(common));
    }

    private static Menu of(List<Item> items, List<Choice> kept) {
        long[] bytes = kept.stream().mapToLong(Choice::bytes).toArray();
        double[] cost = kept.stream().mapToDouble(Choice::cost).toArray();
        return new Menu(items, kept.stream().map(Choice::scheme).toList(), bytes, cost, hull(bytes, cost));
    }

    private static Choice sum(Choice a, Choice b) {
        return new Choice(a.scheme(), Math.addExact(a.bytes(), b.bytes()), a.cost() + b.cost());
    }

    private static List<Choice> undominated(List<Choice> choices) {
        List<Choice> sorted = new ArrayList<>(choices);
        sorted.sort(Comparator.comparingLong(Choice::bytes).thenComparingDouble(Choice::cost));
        List<Choice> kept = new ArrayList<>();
        for (Choice choice : sorted) {
            if (kept.isEmpty() || choice.cost() < kept.getLast().cost()) {
                kept.add(choice);
            }
        }
        return kept;
    }

    private static int[] hull(long[] bytes, double[] cost) {
        int[] hull = new int[bytes.length];
        int size = 0;
        for (int i = 0; i < bytes.length; i++) {
            while (size >= 2 && saving(bytes, cost, hull[size - 2], hull[size - 1]) <= saving(bytes, cost, hull[size - 1], i)) {
                size--;
            }
            hull[size++] = i;
        }
        return Arrays.copyOf(hull, size);
    }

    private static double saving(long[] bytes, double[] cost, int from, int to) {
        return (cost[from] - cost[to]) / (bytes[to] - bytes[from]);
    }

    /** Cost saved per byte by hull step {@code step}, from hull point {@code step} to the next. */
    double saving(int step) {
        return saving(bytes, cost, hull[step], hull[step + 1]);
    }

    /** Bytes added by hull step {@code step}. */
    long stepBytes(int step) {
        return bytes[hull[step + 1]] - bytes[hull[step]];
    }
}
