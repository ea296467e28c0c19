package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.engine.evict.LeastRecentlyUsed;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.prune.LayerThresholds;
import org.mojave.engine.prune.OnlinePruning;
import org.mojave.engine.prune.PruningRule;
import org.mojave.engine.prune.TokenImportance;
import org.mojave.engine.stream.StreamPlan;
import org.mojave.engine.stream.StreamedExperts;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.file.DirectFile;
import org.mojave.format.safetensors.SafetensorsFile;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.testkit.Goldens;
import tools.jackson.databind.JsonNode;

/** Skipping experts: Mixture Compressor's applied weights, and whole models. */
final class DynamicPruningTest {
    private static final Path WREN = Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe");
    private static final Path GOLDEN = Goldens.ofRepository().folder().resolve("mcmoe");

    @Test
    void appliedWeightsEqualTheRecordedOnes() {
        JsonNode json = Checkpoint.readJson(GOLDEN.resolve("odp.json"));
        try (java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofConfined()) {
            SafetensorsFile file = SafetensorsFile.open(GOLDEN.resolve("odp.safetensors"), arena);
            for (JsonNode item : json.get("items")) {
                String id = item.get("id").stringValue();
                int tokens = item.get("tokens").intValue();
                Routing routing = routing(item, tokens);
                boolean active = item.get("loss_index").intValue() < item.get("block_range").intValue();
                double[] importance = tokens == 1 ? new double[1] : TokenImportance.PAID.of(file.tensors().get(id + ".attention").toFloats(),
                        json.get("heads").intValue(), file.tensors().get(id + ".hidden_states").toFloats(), tokens);
                OnlinePruning rule = active ? new OnlinePruning(new PruningRule.Ratio(item.get("beta").doubleValue()),
                        (int) (item.get("tau_h").doubleValue() * tokens), (int) (item.get("tau_l").doubleValue() * tokens))
                        : new OnlinePruning(new PruningRule.KeepAll(), 0, 0);
                int[] kept = rule.kept(routing.weights(), 2, importance);
                long skipped = DynamicPruning.skip(routing, kept, true);
                assertThat(2L * tokens - skipped).as(id).isEqualTo(item.get("experts_kept_total").intValue());
                check(id, routing, file.tensors().get(id + ".applied_weights").toFloats());
            }
        }
    }

    /** Chosen experts with weights that sum to 1, as Mixtral's router gives them. */
    private static Routing routing(JsonNode item, int tokens) {
        int[] experts = new int[2 * tokens];
        float[] weights = new float[2 * tokens];
        for (int t = 0; t < tokens; t++) {
            float first = item.get("top2_probability").get(t).get(0).floatValue();
            float second = item.get("top2_probability").get(t).get(1).floatValue();
            for (int k = 0; k < 2; k++) {
                experts[2 * t + k] = item.get("top2").get(t).get(k).intValue();
                weights[2 * t + k] = (k == 0 ? first : second) / (first + second);
            }
        }
        return new Routing(tokens, 2, new float[0], experts, weights);
    }

    private static void check(String id, Routing routing, float[] expected) {
        float[] applied = new float[expected.length];
        for (int slot = 0; slot < routing.experts().length; slot++) {
            if (routing.experts()[slot] >= 0) {
                applied[slot / 2 * 8 + routing.experts()[slot]] = routing.weights()[slot];
            }
        }
        for (int i = 0; i < expected.length; i++) {
            assertThat(applied[i]).as("%s token %d expert %d", id, i / 8, i % 8).isCloseTo(expected[i], within(1e-6f));
        }
    }

    private static List<float[]> logits(Model model, double share, double[] skipped) {
        try (Workers workers = new Workers(1)) {
            DynamicPruning pruning = new DynamicPruning(model.spec(), share);
            Decoder decoder = new Decoder(model, workers, new ExactProducts(), Optional.of(pruning));
            KvCache cache = decoder.newCache(128);
            int[] prompt = new int[60];
            for (int i = 0; i < prompt.length; i++) {
                prompt[i] = 37 * i % 3000;
            }
            List<float[]> all = new ArrayList<>(decoder.last(List.of(new Decoder.Chunk(cache, prompt))));
            for (int i = 0; i < 40; i++) {
                all.addAll(decoder.last(List.of(new Decoder.Chunk(cache, new int[] {Logits.best(all.getLast(), 0, all.getLast().length)}))));
            }
            skipped[0] = pruning.skippedShare();
            assertThat(pruning.pairs()).isEqualTo(100 * 12);
            return all;
        }
    }

    @Test
    void theShareIsHeldAndSkippedExpertsAreNotRead() {
        double[] skipped = new double[1];
        try (Model model = Model.open(WREN)) {
            List<float[]> whole = logits(model, 0, skipped);
            assertThat(skipped[0]).isZero();
            try (Workers workers = new Workers(1)) {
                assertThat(new Decoder(model, workers).last(List.of(new Decoder.Chunk(new KvCache(model.spec(), 60), prompt()))).getFirst())
                        .isEqualTo(whole.getFirst());
            }
            List<float[]> pruned = logits(model, 0.2, skipped);
            assertThat(skipped[0]).isCloseTo(0.2, within(0.03));
            assertThat(pruned.getLast()).isNotEqualTo(whole.getLast());
            List<long[]> read = new ArrayList<>();
            for (double share : new double[] {0, 0.2}) {
                Model open = Model.open(WREN);
                StreamPlan plan = StreamPlan.of(open.spec(), open.weights(), open.checkpoint());
                StreamedExperts store = StreamedExperts.open(plan, 8, new LeastRecentlyUsed(plan.numbers()), StreamedExperts.Reading.usual());
                try (Model streamed = open.withExperts(store, DirectFile::open)) {
                    assertThat(logits(streamed, share, skipped).getLast()).isEqualTo((share == 0 ? whole : pruned).getLast());
                    read.add(new long[] {store.statistics().bytesRead()});
                }
            }
            assertThat(read.get(1)[0]).as("bytes").isLessThan(read.get(0)[0] * 9 / 10);
        }
    }

    /** Thresholds of one text, written and read again, skip about the wanted share of another. */
    @Test
    void thresholdsOfACheckpointSkipTheirShare(@TempDir Path folder) {
        try (Model model = Model.open(WREN); Workers workers = new Workers(2)) {
            ThresholdSurvey survey = new ThresholdSurvey();
            Decoder decoder = new Decoder(model, workers);
            decoder.last(List.of(new Decoder.Chunk(decoder.newCache(400), tokens(400, 1))), survey);
            survey.thresholds().write(folder);
            PruningThresholds read = PruningThresholds.read(folder);
            assertThat(read).isEqualTo(survey.thresholds());
            assertThat(read.tokens()).isEqualTo(400);
            assertThat(read.layers().keySet()).containsExactly(0, 1, 2, 3, 4, 5);
            assertThat(skippedShare(model, workers, DynamicPruning.skipping(model.spec(), read, 0.15))).isCloseTo(0.15, within(0.05));
            assertThat(skippedShare(model, workers, DynamicPruning.median(model.spec(), read))).isCloseTo(0.25, within(0.06));
            assertThatThrownBy(() -> DynamicPruning.skipping(model.spec(), new PruningThresholds(1, new TreeMap<>()), 0.1))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("layer 0");
        }
    }

    @Test
    void damagedThresholdsAreNamed(@TempDir Path folder) throws IOException {
        assertThatThrownBy(() -> PruningThresholds.read(folder)).isInstanceOf(CheckpointException.class).hasMessageContaining("--pruning");
        Files.writeString(folder.resolve(PruningThresholds.NAME), """
                {"format_version": 1, "tokens": 5, "layers": [{"layer": 3, "chosen": 2, "ratio_quantiles": [1, 0], "mass_quantiles": [0, 1]}]}""");
        assertThatThrownBy(() -> PruningThresholds.read(folder)).isInstanceOf(CheckpointException.class).hasMessageContaining("layer 3");
        Files.writeString(folder.resolve(PruningThresholds.NAME), "{\"format_version\": 9}");
        assertThatThrownBy(() -> PruningThresholds.read(folder)).isInstanceOf(CheckpointException.class).hasMessageContaining("version 9");
    }

    private static double skippedShare(Model model, Workers workers, DynamicPruning pruning) {
        Decoder decoder = new Decoder(model, workers, new ExactProducts(), Optional.of(pruning));
        decoder.last(List.of(new Decoder.Chunk(decoder.newCache(500), tokens(500, 2))));
        return pruning.skippedShare();
    }

    private static int[] tokens(int count, long seed) {
        return new SplittableRandom(seed).ints(count, 0, 3000).toArray();
    }

    /** In a prompt the tokens that later ones look at most keep their experts: those of the highest score by the definition. */
    @Test
    void attentionProtectsTokensOfPrompts() {
        try (Model model = Model.open(WREN)) {
            DynamicPruning pruning = DynamicPruning.median(model.spec(), everything(model));
            double[] received = new double[100];
            Arrays.fill(received, 1);
            received[7] = 100;
            received[42] = 80;
            pruning.attended(Batch.whole(100, 3), (sequence, row) -> {
                assertThat(sequence).as("short sequences are not asked about").isZero();
                assertThat(row).isZero();
                return received;
            });
            float[] hidden = new float[103 * 4];
            Arrays.fill(hidden, 1);
            int[] experts = new int[2 * 103];
            float[] weights = new float[2 * 103];
            for (int i = 0; i < weights.length; i++) {
                experts[i] = i % 2;
                weights[i] = i % 2 == 0 ? 0.9f : 0.1f;
            }
            pruning.apply(0, new Routing(103, 2, new float[0], experts, weights), hidden, 4);
            for (int t = 0; t < 100; t++) {
                assertThat(experts[2 * t + 1]).as("token %d", t).isEqualTo(t == 7 || t == 42 ? 1 : -1);
            }
        }
    }

    /** Thresholds that skip the second expert of every token. */
    private static PruningThresholds everything(Model model) {
        TreeMap<Integer, LayerThresholds> layers = new TreeMap<>();
        for (int layer = 0; layer < model.spec().layers().size(); layer++) {
            layers.put(layer, new LayerThresholds(2, List.of(1.0, 1.0), List.of(0.5, 0.6)));
        }
        return new PruningThresholds(1, layers);
    }

    private static int[] prompt() {
        int[] prompt = new int[60];
        for (int i = 0; i < prompt.length; i++) {
            prompt[i] = 37 * i % 3000;
        }
        return prompt;
    }

    @Test
    void oneExpertPerTokenCannotBeSkipped() {
        try (Model model = Model.open(Goldens.ofRepository().folder().resolve("llama"))) {
            assertThatThrownBy(() -> new DynamicPruning(model.spec(), 0.1)).isInstanceOf(IllegalArgumentException.class);
        }
        try (Model model = Model.open(WREN)) {
            assertThatThrownBy(() -> new DynamicPruning(model.spec(), 0.5)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
