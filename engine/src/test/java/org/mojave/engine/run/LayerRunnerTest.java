package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.engine.kernel.Products;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

/** The layer halves as calibration uses them: whole sequences without caches, every input observed. */
class LayerRunnerTest {
    private record Seen(int tokens, float[] firstRow, float[] affinity) {}

    @ParameterizedTest
    @ValueSource(strings = {"qwen3_moe", "deepseek_v3", "llama4", "granitemoeshared", "gpt_oss_mxfp4"})
    void wholeSequencesGiveTheGoldenLogits(String name) {
        GoldenModel golden = Goldens.ofRepository().model(name);
        try (Model model = Model.open(golden.folder()); Workers workers = new Workers(2)) {
            int length = golden.inputs()[0].length;
            float[] hidden = embed(model, workers, golden);
            LayerRunner runner = new LayerRunner(model.spec(), workers);
            runAll(model, runner, hidden, Batch.whole(length, length));
            float[] logits = new float[length * model.vocabularySize()];
            new Ends(model, workers).logits(hidden, length, length, logits);
            for (int t = 0; t < length; t++) {
                for (int v = 0; v < model.vocabularySize(); v++) {
                    assertThat(Math.abs(logits[t * model.vocabularySize() + v] - golden.logits()[1][t][v])).isLessThan(1e-4f);
                }
            }
            assertThat(runner.bufferBytes()).isPositive()
                    .isLessThanOrEqualTo(2L * length * LayerRunner.bytesPerToken(model.spec()));
        }
    }

    private static void runAll(Model model, LayerRunner runner, float[] hidden, Batch batch) {
        for (int layer = 0; layer < model.spec().layers().size(); layer++) {
            LayerWeights weights = LayerWeights.of(model.spec(), model.weights(), layer);
            runner.attention(weights, hidden, batch, LinearObserver.NONE);
            runner.feedForward(weights, hidden, batch.tokens(), LinearObserver.NONE, RouterListener.NONE);
        }
    }

    private static float[] embed(Model model, Workers workers, GoldenModel golden) {
        int length = golden.inputs()[0].length;
        float[] hidden = new float[2 * length * model.spec().hiddenSize()];
        Ends ends = new Ends(model, workers);
        ends.embed(golden.inputs()[0], hidden, 0);
        ends.embed(golden.inputs()[1], hidden, length);
        return hidden;
    }

    @Test
    void everyLinearIsObservedAndExpertsSeeTheirTokensOnly() {
        GoldenModel golden = Goldens.ofRepository().model("deepseek_v3");
        try (Model model = Model.open(golden.folder()); Workers workers = new Workers(2)) {
            ModelSpec spec = model.spec();
            int length = golden.inputs()[0].length;
            float[] hidden = embed(model, workers, golden);
            LayerRunner runner = new LayerRunner(spec, workers);
            Batch batch = Batch.whole(length, length);
            runner.attention(LayerWeights.of(spec, model.weights(), 0), hidden, batch, LinearObserver.NONE);
            runner.feedForward(LayerWeights.of(spec, model.weights(), 0), hidden, batch.tokens(), LinearObserver.NONE,
                    RouterListener.NONE);
            LayerWeights layer = LayerWeights.of(spec, model.weights(), 1);
            Map<MatrixId, Seen> seen = new HashMap<>();
            LinearObserver observer = (id, x, tokens, affinity) -> seen.put(id, new Seen(tokens,
                    Arrays.copyOf(x, layer.matrix(id).columns()), affinity == null ? null : affinity.clone()));
            List<int[]> chosen = new ArrayList<>();
            runner.attention(layer, hidden, batch, observer);
            runner.feedForward(layer, hidden, batch.tokens(), observer,
                    (_, routing) -> chosen.add(Arrays.copyOf(routing.experts(), routing.tokens() * routing.chosen())));
            for (MatrixId id : spec.matrices(1)) {
                int expected = id.expert() == MatrixId.NONE ? 2 * length
                        : (int) Arrays.stream(chosen.getFirst()).filter(e -> e == id.expert()).count();
                if (expected == 0) {
                    assertThat(seen).doesNotContainKey(id);
                    continue;
                }
                assertThat(seen.get(id).tokens()).as(id.name()).isEqualTo(expected);
                assertThat(seen.get(id).affinity() == null).isEqualTo(id.expert() == MatrixId.NONE);
            }
        }
    }

    @Test
    void observedInputTimesMatrixIsTheRoutersLogit() {
        GoldenModel golden = Goldens.ofRepository().model("qwen3_moe");
        try (Model model = Model.open(golden.folder()); Workers workers = new Workers(1)) {
            float[] hidden = embed(model, workers, golden);
            LayerWeights layer = LayerWeights.of(model.spec(), model.weights(), 0);
            MatrixId router = MatrixId.of(MatrixRole.ROUTER, 0);
            int experts = layer.matrix(router).rows();
            float[] product = new float[48 * experts];
            new LayerRunner(model.spec(), workers).feedForward(layer, hidden, 48, (id, x, tokens, _) -> {
                if (id.equals(router)) {
                    Products.multiply(layer.matrix(id), x, tokens, product, workers);
                }
            }, (_, routing) -> assertThat(Arrays.copyOf(routing.logits(), product.length)).isEqualTo(product));
        }
    }

    @Test
    void replacedMatrixIsUsedAndMustFit() {
        GoldenModel golden = Goldens.ofRepository().model("qwen3_moe");
        try (Model model = Model.open(golden.folder()); Workers workers = new Workers(1)) {
            LayerWeights layer = LayerWeights.of(model.spec(), model.weights(), 0);
            MatrixId value = MatrixId.of(MatrixRole.VALUE, 0);
            MatrixId key = MatrixId.of(MatrixRole.KEY, 0);
            MatrixId query = MatrixId.of(MatrixRole.QUERY, 0);
            LayerRunner runner = new LayerRunner(model.spec(), workers);
            float[] original = embed(model, workers, golden);
            float[] changed = original.clone();
            runner.attention(layer, original, Batch.whole(24, 24), LinearObserver.NONE);
            runner.attention(layer.with(value, layer.matrix(key)), changed, Batch.whole(24, 24), LinearObserver.NONE);
            assertThat(changed).isNotEqualTo(original);
            assertThatThrownBy(() -> layer.with(value, layer.matrix(query))).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("layers.0.value");
        }
    }
}
