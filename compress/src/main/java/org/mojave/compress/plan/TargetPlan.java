package org.mojave.compress.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.compress.allocate.Allocation;
import org.mojave.compress.allocate.Allocator;
import org.mojave.compress.allocate.Choice;
import org.mojave.compress.allocate.Item;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.recipe.Target;
import org.mojave.engine.model.MatrixShape;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/**
 * The plan of least damage whose files are not larger than a target. One exact program chooses a scheme for every matrix; what files need besides
 * (headers, padding, kept tensors, tokenizer) depends a little on the choice, so it is asked again with what the last plan left over or lacked.
 *
 * @param plan schemes
 * @param bytes of all files but the report
 * @param target most bytes
 * @param cost the estimated divergence
 */
public record TargetPlan(Plan plan, long bytes, long target, double cost) {
    private static final int ROUNDS = 8;

    /** The best plan; throws as {@link #requireReachable}. */
    public static TargetPlan of(SourceModel source, Recipe recipe, CostTable table) {
        long target = recipe.target().orElseThrow().bytes(source.parameters());
        requireReachable(source, recipe);
        List<Item> items = items(source, recipe, table);
        Map<String, Scheme> smallest = new LinkedHashMap<>();
        items.forEach(item -> smallest.put(item.name(), Scheme.parse(item.choices().getFirst().scheme())));
        Plan least = Plan.of(source, smallest, recipe);
        long floor = fileBytes(least, recipe);
        long budget = target - floor + items.stream().mapToLong(item -> item.choices().getFirst().bytes()).sum();
        TargetPlan best = new TargetPlan(least, floor, target, cost(items, smallest));
        for (int round = 0; round < ROUNDS; round++) {
            Allocation allocation = Allocator.solve(items, budget);
            Map<String, Scheme> schemes = new LinkedHashMap<>();
            allocation.choices().forEach((name, choice) -> schemes.put(name, Scheme.parse(choice.scheme())));
            Plan plan = Plan.of(source, schemes, recipe);
            long bytes = fileBytes(plan, recipe);
            if (bytes <= target && allocation.cost() < best.cost) {
                best = new TargetPlan(plan, bytes, target, allocation.cost());
            }
            if (bytes <= target && target - bytes < target / 10_000) {
                break;
            }
            budget = allocation.bytes() + target - bytes;
        }
        return best;
    }

    /** Throws {@link RecipeException} with the floor where not even the smallest schemes of the menu fit the recipe's target. */
    public static void requireReachable(SourceModel source, Recipe recipe) {
        if (recipe.allocation().expertsOnly()) {
            ExpertPlan.requireReachable(source, recipe);
            return;
        }
        Map<String, Scheme> smallest = new LinkedHashMap<>();
        TiedMenus.of(source, recipe, RuledMatrices.of(source, recipe)).schemes().forEach((id, menu) -> {
            MatrixShape shape = source.spec().shape(id);
            menu.stream().min(Comparator.comparingLong(scheme -> new PackedLayout(scheme, shape.rows(), shape.columns()).bytes()))
                    .ifPresent(scheme -> smallest.put(id.name(), scheme));
        });
        long floor = fileBytes(Plan.of(source, smallest, recipe), recipe);
        if (floor > recipe.target().orElseThrow().bytes(source.parameters())) {
            throw new RecipeException(tooSmall(recipe.target().get(), floor, source.parameters()));
        }
    }

    /** What to say of a target below the floor. */
    static String tooSmall(Target target, long floor, long parameters) {
        double bits = Math.ceil(floor * 8.0 / parameters * 1000) / 1000;
        return switch (target) {
            case Target.Bits(double wanted) -> "--target-bits " + wanted + " is too small for this model: the smallest plan has " + bits
                    + " bits per weight (" + floor + " bytes)";
            case Target.Bytes(long wanted) -> "--target-size " + wanted + " bytes is too small for this model: the smallest plan has "
                    + floor + " bytes (" + bits + " bits per weight)";
        };
    }

    private static List<Item> items(SourceModel source, Recipe recipe, CostTable table) {
        RuledMatrices ruled = RuledMatrices.of(source, recipe);
        TiedMenus menus = TiedMenus.of(source, recipe, ruled);
        List<Item> items = new ArrayList<>();
        menus.schemes().forEach((id, menu) -> {
            List<CostTable.Price> prices = ruled.prices(id, table.prices().getOrDefault(id.name(), List.of())).stream()
                    .filter(price -> menu.contains(price.scheme())).toList();
            if (!prices.isEmpty()) {
                items.add(Item.of(id.name(), prices.stream().map(price -> choice(price, source.spec().shape(id)))
                        .sorted((a, b) -> Long.compare(a.bytes(), b.bytes())).toList()).tiedTo(menus.key(id)));
            }
        });
        return items;
    }

    private static Choice choice(CostTable.Price price, MatrixShape shape) {
        return new Choice(price.scheme().id(), new PackedLayout(price.scheme(), shape.rows(), shape.columns()).bytes(), price.cost());
    }

    private static double cost(List<Item> items, Map<String, Scheme> schemes) {
        return items.stream().mapToDouble(item -> item.choices().stream()
                .filter(choice -> choice.scheme().equals(schemes.get(item.name()).id())).findFirst().orElseThrow().cost()).sum();
    }

    /** Bytes of all files but the report. */
    static long fileBytes(Plan plan, Recipe recipe) {
        return SmallFiles.allBytes(FileLayout.of(plan), SmallFiles.of(plan, recipe, plan.source().parameters()));
    }
}
