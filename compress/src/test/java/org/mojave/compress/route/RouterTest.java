package org.mojave.compress.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.mojave.compress.GoldenFolder;
import org.mojave.engine.kernel.Workers;
import tools.jackson.databind.JsonNode;

/** Use, agreement, repair and rounding of routers. */
class RouterTest {
    private static final int EXPERTS = 12;
    private static final int HIDDEN = 40;
    private static final Workers WORKERS = new Workers(1);

    @Test
    void significanceEqualsTheRecordedOne() {
        GoldenFolder golden = GoldenFolder.of("mcmoe");
        JsonNode json = golden.json("significance");
        float[] router = golden.floats("significance", "gate_weight");
        float[] inputs = golden.floats("significance", "inputs");
        float[] logits = new RouterSample(router, inputs, new float[120 * 8], 8).outputs(router);
        ExpertUse whole = ExpertUse.of(logits, 8, json.get("top_k").intValue());
        ExpertUse parts = ExpertUse.of(Arrays.copyOf(logits, 50 * 8), 8, 2)
                .plus(ExpertUse.of(Arrays.copyOfRange(logits, 50 * 8, logits.length), 8, 2));
        for (int e = 0; e < 8; e++) {
            assertThat((double) whole.count()[e]).isEqualTo(json.get("count").get(e).doubleValue());
            assertThat(whole.weightSum()[e]).isCloseTo(json.get("weight_sum").get(e).doubleValue(), within(1e-4));
            assertThat(parts.count()[e]).isEqualTo(whole.count()[e]);
            assertThat(parts.weightSum()[e]).isCloseTo(whole.weightSum()[e], within(1e-12));
        }
        assertThat(Arrays.stream(whole.probabilitySum()).sum()).isCloseTo(120, within(1e-9));
        assertThat(parts.tokens()).isEqualTo(120);
    }

    @Test
    void agreementCountsSetsAndDivergence() {
        float[] original = {3, 2, 1, 0, 3, 2, 1, 0};
        float[] changed = {3, 1, 2, 0, 2, 3, 1, 0};
        RouterAgreement agreement = RouterAgreement.of(original, changed, new RouterAgreement.Setting(4, 2, 4));
        assertThat(agreement.keptShare()).isEqualTo(0.75);
        assertThat(agreement.sameSetShare()).isEqualTo(0.5);
        double[] p = TopExperts.softmax(original, 0, 4);
        assertThat(agreement.divergence()).isCloseTo((p[1] - p[2] + p[0] - p[1]) / 2, within(1e-12));
        RouterAgreement same = RouterAgreement.of(original, original, new RouterAgreement.Setting(4, 2, 2));
        assertThat(same).isEqualTo(new RouterAgreement(2, 2, 2, 0));
        assertThat(same.plus(agreement).keptShare()).isEqualTo(0.875);
        assertThat(RouterAgreement.Setting.of(64, 8, 0.25).compared()).isEqualTo(22);
        assertThat(RouterAgreement.Setting.of(64, 8, 0).compared()).isEqualTo(8);
    }

    @Test
    void tiesGoToTheLowerExpertAndNaNIsNamed() {
        assertThat(TopExperts.of(new float[] {1, 2, 2, 0, 2}, 0, 5, 2)).containsExactly(1, 2);
        assertThat(TopExperts.of(new float[] {9, 1, 5, 3}, 1, 3, 3)).containsExactly(1, 2, 0);
        assertThatThrownBy(() -> ExpertUse.of(new float[] {1, 2, 3, Float.NaN}, 2, 1)).hasMessageContaining("output 1 of token 1 is NaN");
    }

    @Test
    void repairUndoesALinearChangeOfTheInputs() {
        Random random = new Random(21);
        float[] w = floats(random, EXPERTS * HIDDEN, 0.3);
        Stream stream = new Stream(random, w);
        RouterRepair repair = new RouterRepair(w, EXPERTS, WORKERS);
        for (int part = 0; part < 4; part++) {
            float[] x = floats(random, 100 * HIDDEN, 1);
            repair.add(stream.mixed(x), stream.logits(x));
        }
        assertThat(repair.tokens()).isEqualTo(400);
        float[] test = floats(random, 300 * HIDDEN, 1);
        float[] logits = stream.logits(test);
        float[] inputs = stream.mixed(test);
        RouterSample sample = new RouterSample(w, inputs, logits, EXPERTS);
        RouterAgreement.Setting setting = new RouterAgreement.Setting(EXPERTS, 2, 6);
        RouterAgreement before = RouterAgreement.of(logits, sample.outputs(w), setting);
        float[] exact = repair.weight(1e-6);
        RouterAgreement after = RouterAgreement.of(logits, sample.outputs(exact), setting);
        assertThat(before.sameSetShare()).isLessThan(0.8);
        assertThat(after.sameSetShare()).isGreaterThan(0.99);
        assertThat(after.divergence()).isLessThan(1e-6);
        float[] firm = repair.weight(1e9);
        for (int i = 0; i < w.length; i++) {
            assertThat(firm[i]).isCloseTo(w[i], within(1e-6f));
        }
    }

    @Test
    void repairWithFewNoisyTokensStillHelpsOnUnseenOnes() {
        Random random = new Random(22);
        float[] w = floats(random, EXPERTS * HIDDEN, 0.3);
        Stream stream = new Stream(random, w);
        float[] few = floats(random, 30 * HIDDEN, 1);
        RouterRepair repair = new RouterRepair(w, EXPERTS, WORKERS);
        repair.add(stream.mixed(few), stream.logits(few));
        float[] test = floats(random, 500 * HIDDEN, 1);
        RouterSample sample = new RouterSample(w, stream.mixed(test), stream.logits(test), EXPERTS);
        RouterAgreement.Setting setting = new RouterAgreement.Setting(EXPERTS, 2, 2);
        assertThat(RouterAgreement.of(sample.logits(), sample.outputs(repair.weight(0.3)), setting).keptShare())
                .isGreaterThan(RouterAgreement.of(sample.logits(), sample.outputs(w), setting).keptShare());
    }

    @Test
    void repairWithoutTokensOrWithNaNIsRefused() {
        RouterRepair repair = new RouterRepair(new float[6], 2, WORKERS);
        assertThatThrownBy(() -> repair.weight(0.01)).hasMessageContaining("from 0 tokens");
        repair.add(new float[] {1, Float.NaN, 2}, new float[2]);
        assertThatThrownBy(() -> repair.weight(0.01)).hasMessageContaining("squared norm NaN");
        assertThatThrownBy(() -> repair.add(new float[4], new float[2])).hasMessageContaining("does not fit");
    }

    @Test
    void clipNeverLosesAndWinsWhereOutliersStretchTheRange() {
        Random random = new Random(5);
        float[] w = floats(random, EXPERTS * HIDDEN, 0.2);
        for (int e = 0; e < EXPERTS; e++) {
            w[e * HIDDEN + random.nextInt(HIDDEN)] = 1.5f;
        }
        float[] inputs = floats(random, 256 * HIDDEN, 1);
        float[] logits = new RouterSample(w, inputs, new float[256 * EXPERTS], EXPERTS).outputs(w);
        RouterSample sample = new RouterSample(w, inputs, logits, EXPERTS);
        for (double alpha : new double[] {0, 0.5, 1}) {
            RouterClip clip = new RouterClip(RouterAgreement.Setting.of(EXPERTS, 2, alpha), 3, 2);
            RouterClip.Result result = clip.search(sample);
            assertThat(result.loss()).isLessThan(0.95 * result.unclippedLoss());
            assertThat(Arrays.stream(result.ratio()).allMatch(ratio -> ratio >= 0.35 && ratio <= 1)).isTrue();
        }
        RouterClip.Result fine = new RouterClip(RouterAgreement.Setting.of(EXPERTS, 2, 0), 8, 2).search(sample);
        assertThat(fine.loss()).isLessThan(1e-3);
        for (int i = 0; i < w.length; i++) {
            float code = fine.weight()[i] / fine.scale()[i / HIDDEN] + fine.zero()[i / HIDDEN];
            assertThat(code).isCloseTo(Math.round(code), within(1e-2f)).isBetween(-0.01f, 255.01f);
        }
    }

    @Test
    void clippedLossIsTheStatedFormula() {
        float[] w = {1, 0, 0, 1};
        RouterSample sample = new RouterSample(w, new float[] {2, 1}, new float[] {2, 1}, 2);
        RouterClip.Result result = new RouterClip(new RouterAgreement.Setting(2, 1, 2), 8, 0).search(sample);
        assertThat(result.loss()).isCloseTo(0, within(1e-9));
        RouterSample shifted = new RouterSample(w, new float[] {2, 1}, new float[] {3, 1}, 2);
        double p = 1 / (1 + Math.exp(-2));
        double q = 1 / (1 + Math.exp(-1));
        double divergence = p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
        assertThat(new RouterClip(new RouterAgreement.Setting(2, 1, 2), 8, 0).search(shifted).loss())
                .isCloseTo(0.5 + divergence, within(1e-6));
    }

    /** Original inputs, and the same after a layer that changed: mixed by a matrix near the identity. */
    private record Stream(float[] mixing, float[] router) {
        Stream(Random random, float[] router) {
            float[] mixing = floats(random, HIDDEN * HIDDEN, 0.08);
            for (int i = 0; i < HIDDEN; i++) {
                mixing[i * HIDDEN + i] += 1;
            }
            this(mixing, router);
        }

        float[] mixed(float[] x) {
            return new RouterSample(mixing, x, new float[x.length], HIDDEN).outputs(mixing);
        }

        float[] logits(float[] x) {
            return new RouterSample(router, x, new float[x.length / HIDDEN * EXPERTS], EXPERTS).outputs(router);
        }
    }

    private static float[] floats(Random random, int count, double deviation) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        return values;
    }
}
