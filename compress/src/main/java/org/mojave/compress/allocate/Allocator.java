package org.mojave.compress.allocate;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One scheme for every item at the least total cost within a budget of bytes: a multiple-choice knapsack, solved exactly.
 *
 * <p>{@link Relaxation} gives a lower bound, a price per byte and a first answer; {@link CoreSearch} then looks only at choices
 * that the bound cannot exclude. The answer carries its own proof as {@link Allocation#lowerBound()}.
 *
 * <p>Example: {@code Allocator.solve(items, 9_000_000_000L).choices().get("layers.3.experts.5.down").scheme()}.
 */
public final class Allocator {
    private Allocator() {}

    /**
     * Solves the program; the same items in the same order give the same answer. Throws {@link TargetTooSmallException} when
     * not even the smallest choices fit, and IllegalArgumentException for repeated names or ties without a common scheme.
     */
    public static Allocation solve(List<Item> items, long budgetBytes) {
        return solve(items, budgetBytes, CoreSearch.Limits.DEFAULT);
    }

    static Allocation solve(List<Item> items, long budgetBytes, CoreSearch.Limits limits) {
        List<Menu> menus = menus(items);
        Relaxation relaxation = Relaxation.solve(menus, reachable(menus, budgetBytes));
        CoreSearch.Result result = CoreSearch.run(menus, relaxation, limits);
        return allocation(items, menus, relaxation.price(), result);
    }

    private static List<Menu> menus(List<Item> items) {
        Set<String> names = new HashSet<>();
        Map<String, List<Item>> ties = new LinkedHashMap<>();
        for (Item item : items) {
            if (!names.add(item.name())) {
                throw new IllegalArgumentException("two items are named " + item.name());
            }
            ties.computeIfAbsent(item.tie(), tie -> new ArrayList<>()).add(item);
        }
        return ties.values().stream().map(Menu::of).toList();
    }

    /**
     * The largest budget not above the given one that bytes can add up to: sizes differ by multiples of some unit, and the relaxation
     * would otherwise count on the remainder.
     */
    private static long reachable(List<Menu> menus, long budgetBytes) {
        long floor = 0;
        long unit = 0;
        for (Menu menu : menus) {
            floor += menu.bytes()[0];
            for (long bytes : menu.bytes()) {
                unit = commonDivisor(unit, bytes - menu.bytes()[0]);
            }
        }
        return unit == 0 || budgetBytes < floor ? budgetBytes : budgetBytes - (budgetBytes - floor) % unit;
    }

    private static long commonDivisor(long a, long b) {
        return b == 0 ? a : commonDivisor(b, a % b);
    }

    private static Allocation allocation(List<Item> items, List<Menu> menus, double price, CoreSearch.Result result) {
        Map<String, String> schemes = new LinkedHashMap<>();
        Map<String, Double> tieCosts = new LinkedHashMap<>();
        for (int m = 0; m < menus.size(); m++) {
            Menu menu = menus.get(m);
            schemes.put(menu.items().getFirst().tie(), menu.schemes().get(result.choices()[m]));
            if (menu.items().size() > 1) {
                tieCosts.put(menu.items().getFirst().tie(), tieCost(menu, price));
            }
        }
        Map<String, Choice> choices = new LinkedHashMap<>();
        long bytes = 0;
        double cost = 0;
        for (Item item : items) {
            Choice choice = item.choices().stream()
                    .filter(c -> c.scheme().equals(schemes.get(item.tie()))).findFirst().orElseThrow();
            choices.put(item.name(), choice);
            bytes += choice.bytes();
            cost += choice.cost();
        }
        return new Allocation(choices, bytes, cost, cost - result.gap(), price, tieCosts);
    }

    private static double tieCost(Menu menu, double price) {
        double free = 0;
        for (Item item : menu.items()) {
            free += item.choices().stream().mapToDouble(c -> c.cost() + price * c.bytes()).min().orElseThrow();
        }
        double tied = Double.POSITIVE_INFINITY;
        for (int i = 0; i < menu.bytes().length; i++) {
            tied = Math.min(tied, menu.cost()[i] + price * menu.bytes()[i]);
        }
        return Math.max(0, tied - free);
    }
}
