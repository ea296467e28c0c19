package org.mojave.compress.allocate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The global program: against enumeration where that is possible, by its own proof where it is not. */
class AllocatorTest {
    /** Ways to draw menus, from well-behaved to built to be hard. */
    enum Draw {
        /** Bytes and costs unrelated. */
        LOOSE,
        /** Error falls by a factor per bit, sizes as of real matrices. */
        MEASURED,
        /** Saving equal to the bytes spent plus a constant: the relaxation sees no difference. */
        CORRELATED,
        /** Few distinct values, many equal costs. */
        COARSE
    }

    @ParameterizedTest
    @EnumSource
    void smallProgramsEqualEnumeration(Draw draw) {
        for (long seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            List<Item> items = new ArrayList<>();
            int count = 1 + random.nextInt(6);
            for (int i = 0; i < count; i++) {
                Item item = item("i" + i, draw, random, 1 + random.nextInt(4));
                items.add(random.nextInt(3) == 0 ? item.tiedTo("shared") : item);
            }
            items = commonMenu(items);
            long floor = items.stream().mapToLong(i -> i.choices().stream().mapToLong(Choice::bytes).min().orElseThrow()).sum();
            long budget = floor + random.nextLong(floor + 2);
            double best = enumerate(items, budget);
            if (best == Double.POSITIVE_INFINITY) {
                List<Item> program = items;
                assertThatThrownBy(() -> Allocator.solve(program, budget)).isInstanceOf(TargetTooSmallException.class);
            } else {
                Allocation allocation = Allocator.solve(items, budget);
                assertThat(allocation.cost()).as("%s seed %d", draw, seed).isCloseTo(best, within(1e-9 * (1 + Math.abs(best))));
                assertThat(allocation.gap()).isZero();
                check(items, allocation, budget);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void mediumProgramsEqualDynamicProgrammingOverAllBudgets(Draw draw) {
        for (long seed = 0; seed < 20; seed++) {
            Random random = new Random(1000 + seed);
            List<Item> items = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                items.add(item("i" + i, draw, random, 6));
            }
            double[] best = tabulate(items);
            for (int budget = best.length - 1; budget > 0 && best[budget] < Double.POSITIVE_INFINITY; budget -= 1 + best.length / 7) {
                Allocation allocation = Allocator.solve(items, budget);
                assertThat(allocation.cost()).as("%s seed %d budget %d", draw, seed, budget)
                        .isCloseTo(best[budget], within(1e-9 * (1 + Math.abs(best[budget]))));
                assertThat(allocation.gap()).isZero();
                check(items, allocation, budget);
            }
        }
    }

    @Test
    void aLargeModelIsSolvedToProvenOptimalityInTime() {
        List<Item> items = largeModel(new Random(5));
        long widest = items.stream().mapToLong(i -> i.choices().getLast().bytes()).sum();
        for (double share : new double[] {0.22, 0.3, 0.45, 0.8}) {
            long budget = (long) (widest * share);
            long start = System.nanoTime();
            Allocation allocation = Allocator.solve(items, budget);
            Duration time = Duration.ofNanos(System.nanoTime() - start);
            check(items, allocation, budget);
            assertThat(time).as("%d items at %s of the widest", items.size(), share).isLessThan(Duration.ofSeconds(10));
            assertThat(allocation.gap()).isZero();
            assertThat(allocation.bytes()).isBetween((long) (budget * 0.995), budget);
        }
    }

    @Test
    void aLargeModelWithOneSchemePerLayerAndProjectionIsProvenToo() {
        List<Item> items = new ArrayList<>();
        for (Item item : largeModel(new Random(6))) {
            items.add(item.tiedTo(item.name().replaceAll("experts\\.\\d+", "experts")));
        }
        for (int layer = 0; layer < 48; layer++) {
            double weight = 100 * (1 + layer);
            for (String role : List.of("query", "output")) {
                items.add(Item.of("layers." + layer + "." + role, List.of(new Choice("4", 4_718_592, weight),
                        new Choice("8", 8_912_896, weight / 200), new Choice("bf16", 16_777_216, 0))));
            }
        }
        long widest = items.stream().mapToLong(i -> i.choices().getLast().bytes()).sum();
        for (double share : new double[] {0.3, 0.5}) {
            long budget = (long) (widest * share);
            Allocation allocation = Allocator.solve(items, budget);
            check(items, allocation, budget);
            assertThat(allocation.gap()).isZero();
            assertThat(allocation.tieCosts()).hasSize(48 * 3);
            assertThat(allocation.bytes()).isBetween((long) (budget * 0.995), budget);
        }
    }

    @Test
    void tiedItemsShareOneSchemeAndTheTieShowsItsCost() {
        List<Item> free = List.of(
                Item.of("hot", List.of(new Choice("2", 20, 100), new Choice("4", 40, 1))),
                Item.of("cold", List.of(new Choice("4", 40, 0.5), new Choice("2", 20, 1))),
                Item.of("other", List.of(new Choice("2", 20, 9), new Choice("8", 80, 0))));
        Allocation untied = Allocator.solve(free, 80);
        assertThat(schemes(untied)).containsExactly(Map.entry("hot", "4"), Map.entry("cold", "2"), Map.entry("other", "2"));
        assertThat(untied.tieCosts()).isEmpty();
        List<Item> tied = List.of(free.get(0).tiedTo("experts"), free.get(1).tiedTo("experts"), free.get(2));
        assertThat(schemes(Allocator.solve(tied, 79))).containsEntry("hot", "2").containsEntry("cold", "2");
        Allocation wide = Allocator.solve(tied, 100);
        assertThat(schemes(wide)).containsEntry("hot", "4").containsEntry("cold", "4").containsEntry("other", "2");
        assertThat(wide.tieCosts()).containsOnlyKeys("experts");
        assertThat(wide.tieCosts().get("experts")).isPositive();
    }

    @Test
    void limitsPerItemHold() {
        List<Item> items = List.of(
                item("a", Draw.MEASURED, new Random(1), 6).between(0, 30),
                item("b", Draw.MEASURED, new Random(2), 6).withSchemes(Set.of("s5")));
        Allocation allocation = Allocator.solve(items, 1_000);
        assertThat(allocation.choices().get("a").bytes()).isLessThanOrEqualTo(30);
        assertThat(allocation.choices().get("b").scheme()).isEqualTo("s5");
        assertThatThrownBy(() -> items.getFirst().between(1, 2)).hasMessageContaining("item a has no choice between 1 and 2 bytes");
    }

    @Test
    void aTargetBelowTheFloorNamesTheFloor() {
        List<Item> items = List.of(Item.of("a", List.of(new Choice("2", 20, 5), new Choice("4", 40, 1))),
                Item.of("b", List.of(new Choice("bf16", 100, 0))));
        TargetTooSmallException problem = catchThrowableOfType(TargetTooSmallException.class, () -> Allocator.solve(items, 119));
        assertThat(problem.floorBytes()).isEqualTo(120);
        assertThat(problem).hasMessageContaining("119 bytes").hasMessageContaining("120");
        assertThat(Allocator.solve(items, 120).bytes()).isEqualTo(120);
    }

    @Test
    void abundantBudgetTakesTheLeastCostAndNotMoreBytesThanThatNeeds() {
        List<Item> items = List.of(Item.of("a", List.of(new Choice("8", 80, 1), new Choice("4", 40, 1), new Choice("2", 20, 3))));
        Allocation allocation = Allocator.solve(items, Long.MAX_VALUE);
        assertThat(allocation.choices().get("a").scheme()).isEqualTo("4");
        assertThat(allocation.costPerByte()).isZero();
        assertThat(allocation.gap()).isZero();
    }

    @Test
    void whenTheSearchIsCutShortTheGapIsStillAProof() {
        for (CoreSearch.Limits limits : List.of(new CoreSearch.Limits(2, 1L << 27, 1 << 24), new CoreSearch.Limits(1 << 18, 200, 1 << 24),
                new CoreSearch.Limits(1 << 18, 1L << 27, 40))) {
            int open = 0;
            for (long seed = 0; seed < 40; seed++) {
                List<Item> items = correlated(new Random(seed));
                double[] best = tabulate(items);
                int budget = best.length / 2;
                Allocation allocation = Allocator.solve(items, budget, limits);
                check(items, allocation, budget);
                assertThat(allocation.lowerBound()).as("%s seed %d", limits, seed).isLessThanOrEqualTo(best[budget] + 1e-9);
                assertThat(allocation.cost()).isGreaterThanOrEqualTo(best[budget] - 1e-9);
                open += allocation.gap() > 0 ? 1 : 0;
            }
            assertThat(open).as("programs that %s cannot settle", limits).isPositive();
        }
    }

    @Test
    void identicalItemsAreSettledAtOnce() {
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < 18_432; i++) {
            List<Choice> choices = new ArrayList<>();
            for (int s = 1; s <= 6; s++) {
                choices.add(new Choice("s" + s, 196_608L * s, Math.pow(0.3, s)));
            }
            items.add(Item.of("i" + i, choices));
        }
        long budget = 18_432L * 196_608 * 5 / 2 + 12_345;
        Allocation allocation = Allocator.solve(items, budget);
        check(items, allocation, budget);
        assertThat(allocation.gap()).isZero();
        assertThat(budget - allocation.bytes()).isEqualTo(12_345);
        assertThat(allocation.cost()).isCloseTo(9_216 * (0.3 * 0.3 + 0.3 * 0.3 * 0.3), within(1e-6));
    }

    @Test
    void mistakesAreNamed() {
        Choice choice = new Choice("2", 20, 5);
        assertThatThrownBy(() -> Item.of("a", List.of())).hasMessageContaining("item a has no scheme");
        assertThatThrownBy(() -> Item.of("a", List.of(choice, choice))).hasMessageContaining("twice");
        assertThatThrownBy(() -> new Choice("2", 20, Double.NaN)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> Allocator.solve(List.of(Item.of("a", List.of(choice)), Item.of("a", List.of(choice))), 99))
                .hasMessageContaining("two items are named a");
        assertThatThrownBy(() -> Allocator.solve(List.of(Item.of("a", List.of(choice)).tiedTo("t"),
                Item.of("b", List.of(new Choice("4", 1, 1))).tiedTo("t")), 99)).hasMessageContaining("no scheme in common");
    }

    private static Map<String, String> schemes(Allocation allocation) {
        return allocation.choices().entrySet().stream().collect(Collectors.toMap(
                Map.Entry::getKey, e -> e.getValue().scheme(), (a, b) -> a, LinkedHashMap::new));
    }

    private static void check(List<Item> items, Allocation allocation, long budget) {
        assertThat(allocation.choices()).hasSize(items.size());
        long bytes = 0;
        Map<String, String> byTie = new HashMap<>();
        for (Item item : items) {
            Choice choice = allocation.choices().get(item.name());
            assertThat(item.choices()).contains(choice);
            assertThat(byTie.computeIfAbsent(item.tie(), tie -> choice.scheme())).isEqualTo(choice.scheme());
            bytes += choice.bytes();
        }
        assertThat(allocation.bytes()).isEqualTo(bytes).isLessThanOrEqualTo(budget);
    }

    /** Tied items need a scheme in common: all keep only the schemes of the shortest menu. */
    private static List<Item> commonMenu(List<Item> items) {
        int least = items.stream().filter(i -> i.tie().equals("shared")).mapToInt(i -> i.choices().size()).min().orElse(0);
        return items.stream().map(i -> i.tie().equals("shared")
                ? new Item(i.name(), i.tie(), i.choices().subList(0, least)) : i).toList();
    }

    private static Item item(String name, Draw draw, Random random, int schemes) {
        List<Choice> choices = new ArrayList<>();
        double scale = Math.exp(2 * random.nextGaussian());
        int size = 1 + random.nextInt(9);
        for (int s = 0; s < schemes; s++) {
            choices.add(switch (draw) {
                case LOOSE -> new Choice("s" + s, random.nextInt(100), random.nextDouble() * 50 - 10);
                case MEASURED -> new Choice("s" + s, size * (s + 2L) + random.nextInt(2), scale * Math.pow(0.3, s) * (1 + random.nextDouble()));
                case CORRELATED -> correlated("s" + s, random.nextInt(1, 100));
                case COARSE -> new Choice("s" + s, 2L * random.nextInt(6), random.nextInt(5));
            });
        }
        return Item.of(name, choices);
    }

    private static Choice correlated(String scheme, int bytes) {
        return new Choice(scheme, bytes, 1000 - bytes - 10);
    }

    private static List<Item> correlated(Random random) {
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            items.add(item("i" + i, Draw.CORRELATED, random, 6));
        }
        return items;
    }

    private static double enumerate(List<Item> items, long budget) {
        return enumerate(items, 0, budget, Map.of());
    }

    private static double enumerate(List<Item> items, int next, long left, Map<String, String> ties) {
        if (left < 0) {
            return Double.POSITIVE_INFINITY;
        }
        if (next == items.size()) {
            return 0;
        }
        double best = Double.POSITIVE_INFINITY;
        Item item = items.get(next);
        for (Choice choice : item.choices()) {
            if (ties.getOrDefault(item.tie(), choice.scheme()).equals(choice.scheme())) {
                Map<String, String> now = new HashMap<>(ties);
                now.put(item.tie(), choice.scheme());
                best = Math.min(best, choice.cost() + enumerate(items, next + 1, left - choice.bytes(), now));
            }
        }
        return best;
    }

    /** Least cost for every budget by the textbook table. */
    private static double[] tabulate(List<Item> items) {
        int most = (int) items.stream().mapToLong(i -> i.choices().stream().mapToLong(Choice::bytes).max().orElseThrow()).sum();
        double[] best = new double[most + 1];
        for (Item item : items) {
            double[] next = new double[most + 1];
            Arrays.fill(next, Double.POSITIVE_INFINITY);
            for (Choice choice : item.choices()) {
                for (int b = (int) choice.bytes(); b <= most; b++) {
                    next[b] = Math.min(next[b], best[b - (int) choice.bytes()] + choice.cost());
                }
            }
            best = next;
        }
        return best;
    }

    /** 48 layers of 128 experts with three projections and six schemes, errors log-normal over experts and growing with depth. */
    private static List<Item> largeModel(Random random) {
        double[] bits = {1.25, 1.85, 2.25, 3.25, 4.25, 8.25};
        List<Item> items = new ArrayList<>();
        for (int layer = 0; layer < 48; layer++) {
            for (int expert = 0; expert < 128; expert++) {
                double weight = Math.exp(1.5 * random.nextGaussian()) * (1 + layer / 12.0);
                for (String projection : List.of("gate", "up", "down")) {
                    List<Choice> choices = new ArrayList<>();
                    for (double b : bits) {
                        choices.add(new Choice(b + "b", (long) (2048 * 768 * b / 8), weight * Math.pow(4, -b) * (0.8 + 0.4 * random.nextDouble())));
                    }
                    items.add(Item.of("layers." + layer + ".experts." + expert + "." + projection, choices));
                }
            }
        }
        return items;
    }
}
