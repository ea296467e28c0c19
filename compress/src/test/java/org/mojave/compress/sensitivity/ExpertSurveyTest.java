package org.mojave.compress.sensitivity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mojave.compress.allocate.PmqLayer;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.quantize.MixtureCompressorRounding;
import org.mojave.compress.quantize.WeightMatrix;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

class ExpertSurveyTest {
    private static final GoldenModel GOLDEN = Goldens.ofRepository().model("qwen2_moe");
    private static final TokenSequences TOKENS = new TokenSequences(Arrays.asList(GOLDEN.inputs()));
    private static final List<Integer> WIDTHS = List.of(1, 2, 3);

    private static Map<Integer, PmqLayer> survey(SourceModel source, long bytes, Workers workers) {
        return new ExpertSurvey(source, TOKENS, WIDTHS, new MemoryBudget(bytes), workers).measure(_ -> { });
    }

    @Test
    void errorsAreThoseOfTheLayerWithOneExpertRounded() {
        try (SourceModel source = SourceModel.open(GOLDEN.folder()); Workers workers = new Workers(2)) {
            Map<Integer, PmqLayer> found = survey(source, 1L << 28, workers);
            int[] lengths = new int[TOKENS.count()];
            Arrays.fill(lengths, TOKENS.length());
            Probe probe = new Probe(new LayerRunner(source.spec(), workers), lengths);
            float[] states = new float[probe.tokens() * source.spec().hiddenSize()];
            for (int s = 0; s < TOKENS.count(); s++) {
                new Ends(source.model(), workers).embed(TOKENS.sequences().get(s), states, s * TOKENS.length());
            }
            LayerWeights weights = LayerWeights.of(source.spec(), source.model().weights(), 0);
            probe.run(weights, InputGroup.Half.ATTENTION, states, LinearObserver.NONE);
            float[] original = states.clone();
            probe.run(weights, InputGroup.Half.FEED_FORWARD, original, LinearObserver.NONE);
            int compared = 0;
            for (int expert = 0; expert < found.get(0).experts(); expert++) {
                for (int bits : WIDTHS) {
                    float[] changed = states.clone();
                    probe.run(weights.with(rounded(weights, expert, bits)), InputGroup.Half.FEED_FORWARD, changed, LinearObserver.NONE);
                    double squares = 0;
                    for (int i = 0; i < changed.length; i++) {
                        squares += Math.pow((double) changed[i] - original[i], 2);
                    }
                    assertThat(found.get(0).error()[expert][bits - 1]).as("expert %d at %d bits", expert, bits)
                            .isCloseTo(Math.sqrt(squares), withinPercentage(1));
                    compared += squares > 0 ? 1 : 0;
                }
            }
            assertThat(compared).isPositive();
            for (PmqLayer layer : found.values()) {
                assertThat(Arrays.stream(layer.frequency()).sum()).isEqualTo((double) probe.tokens() * source.spec().mixture(0).router().chosen());
                assertThat(Arrays.stream(layer.weight()).sum()).isBetween(0.1 * probe.tokens(), (double) probe.tokens());
            }
        }
    }

    @Test
    void littleMemoryGivesTheSame() {
        try (SourceModel source = SourceModel.open(GOLDEN.folder()); Workers workers = new Workers(1)) {
            Map<Integer, PmqLayer> plenty = survey(source, 1L << 28, workers);
            Map<Integer, PmqLayer> tight = survey(source, 1_500_000, workers);
            plenty.forEach((layer, expected) -> assertThat(tight.get(layer).error()).isDeepEqualTo(expected.error()));
        }
    }

    private static Map<MatrixId, Matrix> rounded(LayerWeights weights, int expert, int bits) {
        Map<MatrixId, Matrix> rounded = new HashMap<>();
        for (MatrixId id : weights.matrices()) {
            if (id.expert() == expert) {
                Matrix matrix = weights.matrix(id);
                float[] values = new float[matrix.rows() * matrix.columns()];
                matrix.decode(0, matrix.rows(), values, 0);
                WeightMatrix original = new WeightMatrix(id.name(), matrix.rows(), matrix.columns(), values);
                rounded.put(id, Trial.dense(original, MixtureCompressorRounding.rounded(original, bits)));
            }
        }
        return rounded;
    }
}
