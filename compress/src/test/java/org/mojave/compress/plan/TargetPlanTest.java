package org.mojave.compress.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.mojave.compress.recipe.AllocationMode;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Costs;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.OneBit;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.recipe.RecipeJson;
import org.mojave.compress.recipe.Rule;
import org.mojave.compress.recipe.Sharing;
import org.mojave.compress.recipe.Target;
import org.mojave.compress.recipe.Tie;
import org.mojave.engine.model.MatrixId;
import org.mojave.format.packed.Scheme;

class TargetPlanTest {
    /**
     * Matrices fill a budget in steps of many bytes. A file that is larger than its target by less than such a step must cost the plan a step
     * and no more.
     */
    @Test
    void everyTargetIsFilledAndNoneExceeded() {
        SplittableRandom random = new SplittableRandom(1);
        try (SourceModel source = open()) {
            for (int i = 0; i < 200; i++) {
                CostTable table = costs(source, random);
                long target = random.nextLong(6_000_000, 12_000_000);
                Recipe recipe = Recipe.of(new Target.Bytes(target), CalibrationWish.DEFAULT, Fitting.DEFAULT, 0);
                assertThat(TargetPlan.of(source, recipe, table).bytes()).as("table %d, target %d", i, target).isBetween(target * 995 / 1000, target);
            }
        }
    }

    /** Whatever is tied has one scheme, the target is kept, and freedom is never worse. */
    @ParameterizedTest
    @EnumSource(Tie.class)
    void tiedMatricesShareAScheme(Tie tie) {
        SplittableRandom random = new SplittableRandom(2);
        try (SourceModel source = open()) {
            for (int i = 0; i < 40; i++) {
                CostTable table = costs(source, random);
                long target = random.nextLong(6_000_000, 12_000_000);
                Recipe free = Recipe.of(new Target.Bytes(target), CalibrationWish.DEFAULT, Fitting.DEFAULT, 0);
                TargetPlan plan = TargetPlan.of(source, free.with(Sharing.global(Costs.OUTPUT, tie)), table);
                assertThat(plan.bytes()).as("table %d, target %d", i, target).isBetween(target * 995 / 1000, target);
                assertThat(plan.cost()).isGreaterThanOrEqualTo(TargetPlan.of(source, free, table).cost() * 0.9999);
                Map<String, Set<String>> schemes = new TreeMap<>();
                for (PlannedMatrix matrix : plan.plan().matrices()) {
                    String name = shared(matrix.id().name(), tie);
                    matrix.scheme().ifPresent(scheme -> schemes.computeIfAbsent(name, _ -> new TreeSet<>()).add(scheme.id()));
                }
                assertThat(schemes.values()).allMatch(shared -> shared.size() == 1);
                assertThat(new HashSet<>(schemes.values())).as("layers differ").hasSizeGreaterThan(1);
            }
        }
    }

    @Test
    void rulesMustLeaveTiedMatricesAScheme() {
        try (SourceModel source = open()) {
            Recipe recipe = Recipe.of(new Target.Bytes(9_000_000), CalibrationWish.DEFAULT, Fitting.DEFAULT, 0)
                    .with(Sharing.global(Costs.OUTPUT, Tie.EXPERTS)).with(List.of(Rule.parse("@layers.2.experts.3.up=8g128s")));
            CostTable table = costs(source, new SplittableRandom(3));
            Map<String, String> up = new TreeMap<>();
            TargetPlan.of(source, recipe, table).plan().matrices().forEach(matrix -> {
                if (matrix.id().name().matches("layers\\.2\\.experts\\.\\d+\\.up")) {
                    up.put(matrix.id().name(), matrix.scheme().orElseThrow().id());
                }
            });
            assertThat(up).hasSize(16).allSatisfy((_, scheme) -> assertThat(scheme).isEqualTo("8g128s"));
            Recipe torn = recipe.with(List.of(Rule.parse("@layers.2.experts.3.up=8g128s"), Rule.parse("@layers.2.experts.4.up=4g32a")));
            assertThatThrownBy(() -> TargetPlan.requireReachable(source, torn)).isInstanceOf(RecipeException.class)
                    .hasMessageContaining("--tie experts").hasMessageContaining("layers.2.experts.");
        }
    }

    @Test
    void tiesAreForPlansOverAllMatrices() {
        assertThatThrownBy(() -> new Sharing(AllocationMode.PMQ, Costs.OUTPUT, Sharing.EXPERT_BITS, OneBit.TRELLIS, Tie.EXPERTS))
                .isInstanceOf(RecipeException.class).hasMessageContaining("--allocation pmq");
        Recipe fixed = new Recipe(Method.GPTQ, Scheme.parse("4g64a"), 8, CalibrationWish.DEFAULT, 0);
        assertThatThrownBy(() -> fixed.with(Sharing.global(Costs.OUTPUT, Tie.FUSED))).isInstanceOf(RecipeException.class)
                .hasMessageContaining("--tie fused").hasMessageContaining("--target-bits");
        Recipe tied = Recipe.of(new Target.Bits(3), CalibrationWish.DEFAULT, Fitting.DEFAULT, 0).with(Sharing.global(Costs.GRADIENT, Tie.FUSED));
        assertThat(RecipeJson.read(RecipeJson.write(tied), RecipeJson.writeFiles(tied)).sharing()).isEqualTo(tied.sharing());
    }

    /** A name for all that a tie puts together. */
    private static String shared(String name, Tie tie) {
        return switch (tie) {
            case NONE -> name;
            case EXPERTS -> name.replaceAll("experts\\.\\d+", "experts");
            case FUSED -> shared(name, Tie.EXPERTS).replaceAll("(query|key|value)$", "inputs").replaceAll("(gate|up)$", "first");
        };
    }

    private static SourceModel open() {
        return SourceModel.open(Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe"));
    }

    /** Damage that falls with the bits, as much as real damage does, times something of its own for each matrix. */
    private static CostTable costs(SourceModel source, SplittableRandom random) {
        Map<String, List<CostTable.Price>> prices = new LinkedHashMap<>();
        for (MatrixId id : source.spec().matrices()) {
            double worth = random.nextDouble(0.1, 10);
            prices.put(id.name(), SchemeMenu.of(id.role(), Method.GPTQ).stream()
                    .map(scheme -> new CostTable.Price(scheme, worth * Math.pow(4, -scheme.bits()))).toList());
        }
        return new CostTable(prices);
    }
}
