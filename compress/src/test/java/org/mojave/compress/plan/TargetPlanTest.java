package org.mojave.compress.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.Target;
import org.mojave.engine.model.MatrixId;

class TargetPlanTest {
    /**
     * Matrices fill a budget in steps of many bytes. A file that is larger than its target by less than such a step must cost the plan a step
     * and no more.
     */
    @Test
    void everyTargetIsFilledAndNoneExceeded() {
        SplittableRandom random = new SplittableRandom(1);
        try (SourceModel source = SourceModel.open(Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe"))) {
            for (int i = 0; i < 200; i++) {
                CostTable table = costs(source, random);
                long target = random.nextLong(6_000_000, 12_000_000);
                Recipe recipe = Recipe.of(new Target.Bytes(target), CalibrationWish.DEFAULT, Fitting.DEFAULT, 0);
                assertThat(TargetPlan.of(source, recipe, table).bytes()).as("table %d, target %d", i, target).isBetween(target * 995 / 1000, target);
            }
        }
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
