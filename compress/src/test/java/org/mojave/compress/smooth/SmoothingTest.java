package org.mojave.compress.smooth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.compress.GoldenFolder;
import tools.jackson.databind.JsonNode;

/** Scales against EAQuant's own, and that folding leaves a layer's output alone. */
class SmoothingTest {
    private static final GoldenFolder GOLDEN = GoldenFolder.of("eaquant");

    @ParameterizedTest
    @ValueSource(strings = {"smooth", "smooth_shared"})
    void wishesOfEveryReaderEqualTheRecordedOnes(String file) {
        JsonNode json = GOLDEN.json(file);
        for (JsonNode module : json.get("modules")) {
            String name = module.stringValue();
            float[] maximum = new float[json.get("hidden").intValue()];
            for (String matrix : name.equals("gate") ? List.of("gate.weight") : List.of(name + ".gate_proj.weight", name + ".up_proj.weight")) {
                float[] w = GOLDEN.floats(file, matrix);
                SmoothingScales.raiseToColumnMaximum(w, w.length / maximum.length, maximum);
            }
            float[] wish = SmoothingScales.wish(GOLDEN.floats(file, name + ".act_absmax"), maximum, json.get("alpha").doubleValue());
            assertRelative(wish, GOLDEN.floats(file, name + ".scale"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"smooth", "smooth_shared"})
    void everyModeMergesAsRecorded(String file) {
        JsonNode json = GOLDEN.json(file);
        SmoothingScales scales = scales(file, json);
        int modes = 0;
        for (Iterator<String> names = json.get("merged_summary").propertyNames().iterator(); names.hasNext(); modes++) {
            String mode = names.next();
            assertRelative(SmoothingMode.parse(mode).merge(scales), GOLDEN.floats(file, "merged." + mode));
        }
        assertThat(modes).isEqualTo(11);
        assertThat(SmoothingMode.DEFAULT.merge(scales)).containsExactly(SmoothingMode.parse("max_gate").merge(scales));
    }

    @Test
    void outlierScalesEqualTheRecordedOnes() {
        for (JsonNode item : GOLDEN.json("outlier_scale").get("items")) {
            String id = item.get("id").stringValue();
            OutlierScale rule = new OutlierScale(item.get("ratio").doubleValue(), item.get("smooth_rate").doubleValue());
            float[] scale = rule.of(GOLDEN.floats("outlier_scale", id + ".max"), GOLDEN.floats("outlier_scale", id + ".min"));
            assertRelative(scale, GOLDEN.floats("outlier_scale", id + ".scale"));
            int outliers = 0;
            for (float s : scale) {
                outliers += s > 1 ? 1 : 0;
            }
            assertThat(outliers).as(id).isEqualTo(item.get("outlier_channels").intValue());
        }
    }

    @Test
    void silentChannelsAreLeftAlone() {
        assertThat(OutlierScale.DEFAULT.of(new float[] {0, 0, 0, 5}, new float[4])).containsExactly(1, 1, 1, 1);
        assertThat(SmoothingScales.wish(new float[] {0}, new float[] {0}, 0.5)[0]).isCloseTo(1, within(1e-6f));
    }

    @Test
    void foldingLeavesTheExpertOutputUnchanged() {
        Random random = new Random(12);
        int hidden = 32;
        int inner = 24;
        float[] norm = floats(random, hidden);
        float[] gate = floats(random, inner * hidden);
        float[] up = floats(random, inner * hidden);
        float[] down = floats(random, hidden * inner);
        float[] x = floats(random, hidden);
        float[] before = expert(norm, List.of(gate, up, down), x);
        float[] scale = positive(random, hidden);
        float[] innerScale = positive(random, inner);
        Folding.divide(norm, scale);
        Folding.multiplyColumns(gate, scale);
        Folding.multiplyColumns(up, scale);
        Folding.divideRows(up, innerScale);
        Folding.multiplyColumns(down, innerScale);
        float[] after = expert(norm, List.of(gate, up, down), x);
        for (int i = 0; i < hidden; i++) {
            assertThat(after[i]).isCloseTo(before[i], within(1e-5f * (1 + Math.abs(before[i]))));
        }
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> SmoothingMode.parse("maximal")).hasMessageContaining("not a smoothing mode: 'maximal'");
        assertThatThrownBy(() -> SmoothingScales.wish(new float[] {Float.NaN}, new float[] {1}, 0.5)).hasMessageContaining("channel 0");
        assertThatThrownBy(() -> Folding.divide(new float[2], new float[] {1, 0})).hasMessageContaining("scale of channel 1 is 0.0");
        assertThatThrownBy(() -> new OutlierScale(0.4, 0.7)).hasMessageContaining("0.4");
    }

    private static SmoothingScales scales(String file, JsonNode json) {
        List<SmoothingScales.Expert> experts = new ArrayList<>();
        Optional<float[]> shared = Optional.empty();
        float[] router = GOLDEN.floats(file, "gate.scale");
        float[] distribution = GOLDEN.floats(file, "router_distribution");
        for (int i = 1; i < json.get("modules").size(); i++) {
            String name = json.get("modules").get(i).stringValue();
            float[] scale = GOLDEN.floats(file, name + ".scale");
            if (name.equals("shared")) {
                shared = Optional.of(scale);
            } else {
                experts.add(new SmoothingScales.Expert(scale, (long) json.get("tokens_per_module").get(i).doubleValue(),
                        json.get("weight_scores").get(i).doubleValue(), distribution[i - 1]));
            }
        }
        long tokens = (long) json.get("tokens_per_module").get(0).doubleValue();
        return new SmoothingScales(experts, router, shared, tokens * json.get("top_k").intValue());
    }

    /** down · (silu(gate · n) ∘ (up · n)) with n = norm ∘ x. */
    private static float[] expert(float[] norm, List<float[]> matrices, float[] x) {
        float[] n = new float[x.length];
        for (int j = 0; j < n.length; j++) {
            n[j] = norm[j] * x[j];
        }
        float[] gate = multiply(matrices.get(0), n);
        float[] up = multiply(matrices.get(1), n);
        for (int i = 0; i < up.length; i++) {
            up[i] *= (float) (gate[i] / (1 + Math.exp(-gate[i])));
        }
        return multiply(matrices.get(2), up);
    }

    private static float[] multiply(float[] w, float[] x) {
        float[] y = new float[w.length / x.length];
        for (int i = 0; i < w.length; i++) {
            y[i / x.length] += w[i] * x[i % x.length];
        }
        return y;
    }

    private static float[] floats(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static float[] positive(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = 0.1f + 10 * random.nextFloat();
        }
        return values;
    }

    private static void assertRelative(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).as("channel %d", i).isCloseTo(expected[i], within(1e-5f * expected[i]));
        }
    }
}
