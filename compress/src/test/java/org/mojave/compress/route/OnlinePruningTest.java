package org.mojave.compress.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.mojave.compress.GoldenFolder;
import org.mojave.engine.prune.OnlinePruning;
import org.mojave.engine.prune.PruningRule;
import org.mojave.engine.prune.TokenImportance;
import tools.jackson.databind.JsonNode;

/** Pruning rules: against Mixture Compressor's decisions, and their calibration. */
class OnlinePruningTest {
    private static final GoldenFolder GOLDEN = GoldenFolder.of("mcmoe");

    @Test
    void decisionsAndWeightsEqualTheRecordedOnes() {
        JsonNode json = GOLDEN.json("odp");
        assertThat(json.get("items").size()).isEqualTo(5);
        for (JsonNode item : json.get("items")) {
            String id = item.get("id").stringValue();
            float[] logits = GOLDEN.floats("odp", id + ".router_logits");
            int tokens = item.get("tokens").intValue();
            int[][] top = IntStream.range(0, tokens).mapToObj(t -> TopExperts.of(logits, t * 8, 8, 2)).toArray(int[][]::new);
            float[] weights = new float[2 * tokens];
            for (int t = 0; t < tokens; t++) {
                double[] probabilities = TopExperts.softmax(logits, t * 8, 8);
                for (int s = 0; s < 2; s++) {
                    weights[2 * t + s] = (float) probabilities[top[t][s]];
                    assertThat(top[t][s]).isEqualTo(item.get("top2").get(t).get(s).intValue());
                    assertThat(weights[2 * t + s]).isCloseTo(item.get("top2_probability").get(t).get(s).floatValue(), within(1e-6f));
                }
            }
            int[] kept = pruning(item, tokens).kept(weights, 2, importance(json, id, tokens));
            assertApplied(id, kept, top, weights);
            assertThat(IntStream.of(kept).sum()).as(id).isEqualTo(item.get("experts_kept_total").intValue());
        }
    }

    private static OnlinePruning pruning(JsonNode item, int tokens) {
        if (item.get("loss_index").intValue() >= item.get("block_range").intValue()) {
            return new OnlinePruning(new PruningRule.KeepAll(), 0, 0);
        }
        return new OnlinePruning(new PruningRule.Ratio(item.get("beta").doubleValue()), (int) (item.get("tau_h").doubleValue() * tokens),
                (int) (item.get("tau_l").doubleValue() * tokens));
    }

    /** A lone token attends to a cache: no square map, and no importance. */
    private static double[] importance(JsonNode json, String id, int tokens) {
        if (tokens == 1) {
            return new double[1];
        }
        return TokenImportance.PAID.of(GOLDEN.floats("odp", id + ".attention"), json.get("heads").intValue(),
                GOLDEN.floats("odp", id + ".hidden_states"), tokens);
    }

    private static void assertApplied(String id, int[] kept, int[][] top, float[] weights) {
        float[] expected = GOLDEN.floats("odp", id + ".applied_weights");
        float[] applied = new float[expected.length];
        for (int t = 0; t < kept.length; t++) {
            float sum = 0;
            for (int s = 0; s < kept[t]; s++) {
                sum += weights[2 * t + s];
            }
            for (int s = 0; s < kept[t]; s++) {
                applied[t * 8 + top[t][s]] = weights[2 * t + s] / sum;
            }
        }
        for (int i = 0; i < expected.length; i++) {
            assertThat(applied[i]).as("%s token %d expert %d", id, i / 8, i % 8).isCloseTo(expected[i], within(1e-6f));
        }
    }

    @Test
    void importanceCountsWhatLaterTokensLookAt() {
        float[] attention = {1, 0, 0, 0.5f, 0.5f, 0, 0.75f, 0, 0.25f};
        float[] hidden = {1, -1, 2, 0, 0, 1};
        assertThat(TokenImportance.RECEIVED.of(attention, 1, hidden, 3)).containsExactly(2 * 2.25 / 3, 2 * 0.5 / 2, 0.25);
        assertThat(TokenImportance.PAID.of(attention, 1, hidden, 3)).containsExactly(2 / 3.0, 1, 1);
        assertThat(TokenImportance.normThreshold(new double[] {1, 2, 3, 4, 5}, 0.25)).isEqualTo(4);
    }

    @Test
    void ratioRuleIsTheMedianOrAnyQuantile() {
        RoutedWeights weights = new RoutedWeights(2, new float[] {0.8f, 0.2f, 0.6f, 0.3f, 0.5f, 0.5f});
        assertThat(weights.ratioRule(0.5).threshold()).isCloseTo(0.5, within(1e-6));
        assertThat(weights.droppedShare(weights.ratioRule(0.5))).isCloseTo(1 / 6.0, within(1e-12));
        assertThat(weights.droppedShare(weights.ratioRule(0))).isZero();
        assertThat(weights.ratioRule(0).kept(new float[] {0.9f, 0.1f}, 0, 2)).isEqualTo(1);
    }

    @Test
    void calibratedRulesDropTheWantedShare() {
        Random random = new Random(17);
        for (int slots : new int[] {2, 4, 8}) {
            float[] w = new float[5000 * slots];
            for (int t = 0; t < 5000; t++) {
                double value = 1;
                for (int s = 0; s < slots; s++) {
                    w[t * slots + s] = (float) value;
                    value *= random.nextDouble();
                }
            }
            RoutedWeights weights = new RoutedWeights(slots, w);
            for (double share : new double[] {0.1, 0.3, 0.5}) {
                double pairs = share * (slots - 1) / slots;
                assertThat(weights.droppedShare(weights.massRule(share))).isCloseTo(pairs, within(0.002));
                assertThat(weights.droppedShare(weights.ratioRule(share))).isCloseTo(pairs, within(0.002));
            }
        }
    }

    @Test
    void massRuleKeepsTheShortestSufficientPrefix() {
        float[] w = {0.5f, 0.25f, 0.125f, 0.125f};
        assertThat(new PruningRule.Mass(0.5).kept(w, 0, 4)).isEqualTo(1);
        assertThat(new PruningRule.Mass(0.51).kept(w, 0, 4)).isEqualTo(2);
        assertThat(new PruningRule.Mass(0.8).kept(w, 0, 4)).isEqualTo(3);
        assertThat(new PruningRule.Mass(1).kept(w, 0, 4)).isEqualTo(4);
        assertThat(new PruningRule.Ratio(0.3).kept(w, 0, 4)).isEqualTo(2);
        assertThat(new PruningRule.KeepAll().kept(w, 0, 4)).isEqualTo(4);
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> new PruningRule.Ratio(1.5)).hasMessageContaining("1.5");
        assertThatThrownBy(() -> new RoutedWeights(2, new float[] {0.2f, 0.8f})).hasMessageContaining("slot 1 of token 0");
        assertThatThrownBy(() -> new RoutedWeights(1, new float[] {1})).hasMessageContaining("at least two experts");
    }
}
