package org.mojave.compress.sensitivity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.CostTable;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.SchemeMenu;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.recipe.Costs;
import org.mojave.compress.recipe.Method;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

class SensitivityTest {
    private static CostTable measure(GoldenModel golden, int threads, long memory, List<String> heard) {
        return measure(golden, Costs.OUTPUT, new MemoryBudget(memory), threads, heard);
    }

    private static CostTable measure(GoldenModel golden, Costs costs, MemoryBudget budget, int threads, List<String> heard) {
        Random random = new Random(9);
        int length = golden.inputs()[0].length;
        List<int[]> sequences = new ArrayList<>();
        for (int s = 0; s < 40; s++) {
            sequences.add(random.ints(length, 0, golden.logits()[0][0].length).toArray());
        }
        try (SourceModel source = SourceModel.open(golden.folder()); Workers workers = new Workers(threads)) {
            Sensitivity sensitivity = new Sensitivity(source, new Sensitivity.Weighing(Method.GPTQ, costs), new TokenSequences(sequences), budget,
                    workers);
            CostTable table = sensitivity.measure(heard::add);
            assertThat(heard).hasSize(sensitivity.steps());
            return table;
        }
    }

    @ParameterizedTest
    @CsvSource({"qwen2_moe, OUTPUT", "deepseek_v3, OUTPUT", "mixtral, OUTPUT", "qwen2_moe, GRADIENT", "gpt_oss, GRADIENT",
        "deepseek_v3, GRADIENT", "llama4_text, GRADIENT"})
    void everyMatrixHasEveryPriceAndBitsPay(String family, Costs costs) {
        GoldenModel golden = Goldens.ofRepository().model(family);
        CostTable table = measure(golden, costs, new MemoryBudget(1L << 30), 2, new ArrayList<>());
        try (SourceModel source = SourceModel.open(golden.folder())) {
            for (MatrixId id : source.spec().matrices()) {
                if (SchemeMenu.of(id.role(), Method.GPTQ).isEmpty()) {
                    assertThat(table.prices()).doesNotContainKey(id.name());
                    continue;
                }
                Map<String, Double> prices = table.prices().get(id.name()).stream()
                        .collect(Collectors.toMap(price -> price.scheme().id(), CostTable.Price::cost));
                assertThat(prices).as(id.name()).hasSize(SchemeMenu.of(id.role(), Method.GPTQ).size());
                boolean vocabulary = id.layer() == MatrixId.NONE;
                assertThat(prices.get("8g128s")).as(id.name()).isLessThan(prices.get(vocabulary ? "4g64s6" : "4rowt"));
                assertThat(prices.get(vocabulary ? "4g64s6" : "4rowt")).as(id.name()).isLessThan(prices.get(vocabulary ? "3g64s6" : "2rowt"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = 12_000_000)
    void memoryAndThreadsChangeNothing(long little) {
        GoldenModel golden = Goldens.ofRepository().model("qwen2_moe");
        assertThat(measure(golden, 3, little, new ArrayList<>())).isEqualTo(measure(golden, 1, 1L << 30, new ArrayList<>()));
    }

    /** The same errors, counted otherwise: what all halves cost together in the scheme of their variants stays the divergence of these. */
    @Test
    void gradientsMovePricesAndKeepTheirUnit() {
        GoldenModel golden = Goldens.ofRepository().model("qwen2_moe");
        CostTable even = measure(golden, 2, 1L << 30, new ArrayList<>());
        CostTable sloped = measure(golden, Costs.GRADIENT, new MemoryBudget(1L << 30), 3, new ArrayList<>());
        assertThat(sloped).isNotEqualTo(even).isEqualTo(measure(golden, Costs.GRADIENT, new MemoryBudget(1L << 30), 1, new ArrayList<>()));
        assertThat(sum(sloped)).isCloseTo(sum(even), withinPercentage(0.01));
    }

    private static double sum(CostTable table) {
        return table.prices().entrySet().stream().filter(entry -> entry.getKey().startsWith("layers.")).flatMap(entry -> entry.getValue().stream())
                .filter(price -> price.scheme().equals(SchemeMenu.reference(Method.GPTQ))).mapToDouble(CostTable.Price::cost).sum();
    }
}
