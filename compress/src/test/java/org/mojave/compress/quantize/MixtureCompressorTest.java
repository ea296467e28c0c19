package org.mojave.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.junit.jupiter.api.Test;
import org.mojave.compress.GoldenFolder;
import org.mojave.engine.kernel.Gram;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.engine.kernel.Workers;
import tools.jackson.databind.JsonNode;

/** Mixture Compressor's rounding and its GPTQ against its own results. */
class MixtureCompressorTest {
    private static final GoldenFolder GOLDEN = GoldenFolder.of("mcmoe");
    private static final int ROWS = 24;
    private static final int COLUMNS = 256;

    @Test
    void plainRoundingEqualsTheRecordedOne() {
        WeightMatrix weights = weights();
        for (int bits = 1; bits <= 3; bits++) {
            float[] rounded = MixtureCompressorRounding.rounded(weights, bits);
            assertThat(rounded).containsExactly(GOLDEN.floats("quantizers", "plain_b" + bits + ".weight"), within(1e-6f));
            assertThat(error(weights, rounded)).isCloseTo(item("plain_b" + bits).get("output_error").doubleValue(), withinPercentage(0.1));
        }
    }

    @Test
    void quantizersReachTheRecordedErrors() {
        WeightMatrix weights = weights();
        int compared = 0;
        for (JsonNode item : GOLDEN.json("quantizers").get("items")) {
            int bits = item.get("bits").intValue();
            if (item.has("actorder") && bits <= 3) {
                MixtureCompressorGptq.Result result = new MixtureCompressorGptq(item.get("actorder").booleanValue(),
                        item.get("percdamp").doubleValue(), LinearAlgebra.preferred()).quantize(weights, hessian(), bits);
                String id = item.get("id").stringValue();
                assertThat(error(weights, result.weights())).as(id).isCloseTo(item.get("output_error").doubleValue(), withinPercentage(3));
                assertThat(result.loss()).as(id).isCloseTo(item.get("official_loss_sum").doubleValue(), withinPercentage(3));
                compareFirstBlock(result, id);
                compared++;
            }
        }
        assertThat(compared).isEqualTo(6);
    }

    /** Later blocks carry errors, in which a flipped code shows. */
    private static void compareFirstBlock(MixtureCompressorGptq.Result result, String id) {
        float[] scales = GOLDEN.floats("quantizers", id + ".scale");
        float[] zeros = GOLDEN.floats("quantizers", id + ".zero");
        for (int row = 0; row < ROWS; row++) {
            assertThat(result.scales()[2 * row]).as("%s row %d", id, row).isCloseTo(scales[2 * row], withinPercentage(0.15));
            assertThat(result.zeros()[2 * row]).as("%s row %d", id, row).isCloseTo(zeros[2 * row], withinPercentage(0.15));
        }
    }

    @Test
    void withoutTokensItIsRefused() {
        Hessian empty = new Hessian(COLUMNS, new float[COLUMNS * COLUMNS], 0);
        assertThatThrownBy(() -> new MixtureCompressorGptq(false, 0.01, LinearAlgebra.preferred()).quantize(weights(), empty, 2))
                .hasMessageContaining("no usable Hessian");
    }

    private static JsonNode item(String id) {
        for (JsonNode item : GOLDEN.json("quantizers").get("items")) {
            if (item.get("id").stringValue().equals(id)) {
                return item;
            }
        }
        throw new AssertionError("no item " + id);
    }

    private static WeightMatrix weights() {
        return new WeightMatrix("weight", ROWS, COLUMNS, GOLDEN.floats("quantizers", "weight"));
    }

    /** The published normalisation: 2 over the samples. */
    private static Hessian hessian() {
        float[] inputs = GOLDEN.floats("quantizers", "inputs");
        Gram gram = new Gram(COLUMNS);
        try (Workers workers = new Workers(1)) {
            gram.add(inputs, inputs.length / COLUMNS, workers);
        }
        float[] values = gram.matrix().clone();
        for (int i = 0; i < values.length; i++) {
            values[i] *= 2f / 4;
        }
        return new Hessian(COLUMNS, values, gram.tokens());
    }

    private static double error(WeightMatrix weights, float[] quantized) {
        return 2 * OutputError.of(weights.values(), quantized, hessian(), LinearAlgebra.preferred());
    }
}
