package org.mojave.compress.calibrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.recipe.Affinity;
import org.mojave.compress.recipe.Fitting;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.Routing;
import org.mojave.testkit.Goldens;

class PairedPassTest {
    private static final int LENGTH = 24;
    private static final int SEQUENCES = 5;

    @TempDir
    Path folder;

    /** The quantized layer has another router: experts get the tokens that it chooses, and these count as the wanted router says. */
    @ParameterizedTest
    @CsvSource({"original, true", "original, false", "quantized, true", "quantized, false"})
    void routingWeightsComeFromTheWantedModel(String source, boolean matching) {
        MemoryBudget budget = new MemoryBudget(1 << 30);
        try (Model model = Model.open(Goldens.ofRepository().model("qwen2_moe").folder()); Workers workers = new Workers(2);
                HiddenStates own = states(model, budget); HiddenStates other = states(model, budget)) {
            TokenSequences tokens = tokens(model);
            LayerWeights weights = LayerWeights.of(model.spec(), model.weights(), 0);
            LayerWeights changed = weights.with(new MatrixId(MatrixRole.ROUTER, 0, MatrixId.NONE),
                    LayerWeights.of(model.spec(), model.weights(), 1).matrix(new MatrixId(MatrixRole.ROUTER, 1, MatrixId.NONE)));
            LayerRunner runner = new LayerRunner(model.spec(), workers);
            LayerPass quantized = pass(runner, own, tokens, model, workers);
            LayerPass original = pass(runner, other, tokens, model, workers);
            Routing made = routing(quantized, changed);
            Routing wanted = source.equals("original") ? routing(original, weights) : made;
            List<InputGroup> groups = groups(model);
            Fitting fitting = new Fitting(matching, new Affinity(1, Affinity.Source.parse(source)), 0.25, 0, 0);
            int differ = 0;
            try (Moments moments = new Moments(groups, fitting, budget, workers)) {
                new PairedPass(quantized, Optional.of(original)).observe(new PairedPass.Weights(changed, weights), InputGroup.Half.FEED_FORWARD, moments);
                for (InputGroup group : groups) {
                    int expert = group.lead().expert();
                    if (expert != MatrixId.NONE) {
                        differ += compare(moments.of(group), made, wanted, expert);
                    }
                }
            }
            assertThat(differ > 0).as("experts whose tokens count otherwise in the other model").isEqualTo(source.equals("original"));
        }
    }

    private static int compare(GroupMoments found, Routing made, Routing wanted, int expert) {
        int count = 0;
        double sum = 0;
        double here = 0;
        for (int t = 0; t < made.tokens(); t++) {
            if (made.weight(t, expert) > 0) {
                count++;
                sum += wanted.weight(t, expert);
                here += made.weight(t, expert);
            }
        }
        assertThat(found.own().counts().tokens()).isEqualTo(count);
        assertThat(found.own().counts().sum()).isCloseTo(sum, Offset.offset(1e-4));
        assertThat(found.own().weightSum()).isCloseTo(sum, Offset.offset(1e-4));
        return Math.abs(sum - here) > 1e-3 ? 1 : 0;
    }

    private HiddenStates states(Model model, MemoryBudget budget) {
        return HiddenStates.of(SEQUENCES * LENGTH, model.spec().hiddenSize(), budget, 1 << 20, folder);
    }

    private static LayerPass pass(LayerRunner runner, HiddenStates states, TokenSequences tokens, Model model, Workers workers) {
        LayerPass pass = new LayerPass(runner, states, tokens, model.spec().hiddenSize());
        pass.embed(new Ends(model, workers), tokens);
        return pass;
    }

    private static Routing routing(LayerPass pass, LayerWeights weights) {
        List<Routing> seen = new ArrayList<>();
        assertThat(pass.chunks()).isOne();
        pass.observeRouter(0, weights, LinearObserver.NONE,
                (_, made) -> seen.add(new Routing(made.tokens(), made.chosen(), new float[0], made.experts().clone(), made.weights().clone())));
        return seen.getFirst();
    }

    private static TokenSequences tokens(Model model) {
        Random random = new Random(11);
        return new TokenSequences(Stream.generate(() -> random.ints(LENGTH, 0, model.vocabularySize()).toArray()).limit(SEQUENCES).toList());
    }

    private static List<InputGroup> groups(Model model) {
        List<PlannedMatrix> matrices = model.spec().matrices(0).stream()
                .map(id -> new PlannedMatrix(id, model.spec().shape(id), Optional.empty())).toList();
        List<InputGroup> groups = new ArrayList<>(InputGroup.of(matrices, InputGroup.Step.NETWORK_INPUT));
        groups.addAll(InputGroup.of(matrices, InputGroup.Step.NETWORK_OUTPUT));
        return groups;
    }
}
