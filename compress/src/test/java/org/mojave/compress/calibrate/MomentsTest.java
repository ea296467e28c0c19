package org.mojave.compress.calibrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.recipe.Affinity;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.statistics.ExpertStatistics;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouterListener;
import org.mojave.testkit.Goldens;

class MomentsTest {
    private static final int TOKENS = 70;

    private record Seen(float[] x, float[] affinity) {}

    /** Sums made by layers equal plain float64 sums of what the observer saw, weighted by the routing weight. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void weightsAreThePowersOfTheAffinity(int power) {
        try (Model model = Model.open(Goldens.ofRepository().model("qwen2_moe").folder()); Workers workers = new Workers(2)) {
            int layer = 1;
            LayerWeights weights = LayerWeights.of(model.spec(), model.weights(), layer);
            List<PlannedMatrix> matrices = model.spec().matrices(layer).stream()
                    .map(id -> new PlannedMatrix(id, model.spec().shape(id), Optional.empty())).toList();
            List<InputGroup> groups = new ArrayList<>(InputGroup.of(matrices, InputGroup.Step.NETWORK_INPUT));
            groups.addAll(InputGroup.of(matrices, InputGroup.Step.NETWORK_OUTPUT));
            Map<MatrixId, Seen> seen = new HashMap<>();
            Random random = new Random(power);
            float[] hidden = new float[TOKENS * model.spec().hiddenSize()];
            for (int i = 0; i < hidden.length; i++) {
                hidden[i] = (float) random.nextGaussian();
            }
            try (Moments moments = new Moments(groups, new Fitting(false, Affinity.power(power), 0.25, 0, 0), new MemoryBudget(1 << 30), workers)) {
                new LayerRunner(model.spec(), workers).feedForward(weights, hidden, TOKENS, (id, x, tokens, affinity) -> {
                    seen.put(id, new Seen(Arrays.copyOf(x, tokens * model.spec().shape(id).columns()),
                            affinity == null ? null : Arrays.copyOf(affinity, tokens)));
                    moments.add(id, x, null, tokens, affinity);
                }, RouterListener.NONE);
                int compared = 0;
                for (InputGroup group : groups) {
                    compared += compare(power, group, moments.of(group), seen.get(group.lead()));
                }
                assertThat(compared).isGreaterThan(8);
            }
            assertThat(seen.get(new MatrixId(MatrixRole.SHARED_DOWN, layer, MatrixId.NONE)).affinity()).as("the shared expert's own gate")
                    .hasSize(TOKENS).satisfies(gates -> assertThat(gates[0]).isBetween(0.001f, 0.999f));
        }
    }

    private static int compare(int power, InputGroup group, GroupMoments found, Seen seen) {
        if (seen == null) {
            assertThat(found.own().counts().tokens()).isZero();
            return 0;
        }
        int tokens = seen.x().length / group.columns();
        float[] affinity = seen.affinity();
        if (affinity == null) {
            affinity = new float[tokens];
            Arrays.fill(affinity, 1);
        }
        ExpertStatistics expected = ExpertStatistics.of(power, seen.x(), affinity, group.columns());
        assertThat(found.own().counts()).isEqualTo(expected.counts());
        assertThat(found.own().weightSum()).isCloseTo(expected.weightSum(), Offset.offset(1e-6 * tokens));
        assertThat(found.own().effectiveTokens()).isCloseTo(expected.effectiveTokens(), Offset.offset(1e-4 * tokens));
        double scale = expected.trace() / group.columns();
        for (int i = 0; i < expected.hessian().length; i++) {
            assertThat((double) found.own().hessian()[i]).isCloseTo(expected.hessian()[i], Offset.offset(1e-5 * scale));
        }
        return 1;
    }
}
