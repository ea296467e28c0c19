package org.mojave.compress.calibrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.MemoryNeeds;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.statistics.ExpertHistogram;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.Model;
import org.mojave.testkit.Goldens;

class RouterSurveyTest {
    private static final int LENGTH = 20;

    @TempDir
    Path folder;

    private static TokenSequences pool(Model model, int count) {
        Random random = new Random(3);
        return new TokenSequences(Stream.generate(() -> random.ints(LENGTH, 0, model.vocabularySize()).toArray()).limit(count).toList());
    }

    /** Counts by decoding one sequence after the other; layer numbers counted over layers with experts. */
    private static List<int[]> decoded(Model model, Workers workers, TokenSequences pool, int experts) {
        List<Integer> mixed = new ArrayList<>();
        for (int layer = 0; layer < model.spec().layers().size(); layer++) {
            if (model.spec().layer(layer).feedForward() instanceof FeedForward.Mixture) {
                mixed.add(layer);
            }
        }
        List<int[]> all = new ArrayList<>();
        for (int[] tokens : pool.sequences()) {
            int[] counts = new int[mixed.size() * experts];
            Decoder decoder = new Decoder(model, workers);
            decoder.last(List.of(new Decoder.Chunk(decoder.newCache(LENGTH), tokens)), (layer, routing) -> {
                for (int i = 0; i < routing.tokens() * routing.chosen(); i++) {
                    counts[mixed.indexOf(layer) * experts + routing.experts()[i]]++;
                }
            });
            all.add(counts);
        }
        return all;
    }

    @ParameterizedTest
    @ValueSource(strings = {"olmoe", "deepseek_v2", "qwen3_moe_mixed", "gpt_oss"})
    void countsWhatTheDecoderChooses(String name) {
        try (Model model = Model.open(Goldens.ofRepository().model(name).folder()); Workers workers = new Workers(2)) {
            TokenSequences pool = pool(model, 7);
            int[] layers = new int[1];
            List<ExpertHistogram> survey = RouterSurvey.of(model, pool, workers,
                    new RouterSurvey.Place(new MemoryBudget(1 << 30), folder, () -> layers[0]++));
            assertThat(layers[0]).isEqualTo(model.spec().layers().size());
            List<int[]> expected = decoded(model, workers, pool, RouterSurvey.experts(model.spec()));
            for (int s = 0; s < pool.count(); s++) {
                assertThat(survey.get(s).counts()).as("sequence %d", s).isEqualTo(expected.get(s));
            }
        }
    }

    @Test
    void littleMemoryChangesNothing() {
        try (Model model = Model.open(Goldens.ofRepository().model("olmoe").folder()); Workers workers = new Workers(1)) {
            TokenSequences pool = pool(model, 250);
            List<ExpertHistogram> plenty = RouterSurvey.of(model, pool, workers,
                    new RouterSurvey.Place(new MemoryBudget(1 << 30), folder, () -> { }));
            int chunk = 2048 / LENGTH * LENGTH;
            MemoryBudget tight = new MemoryBudget(MemoryNeeds.forward(model.spec(), chunk)
                    + HiddenStates.bytes(chunk, model.spec().hiddenSize()) + 1000);
            List<ExpertHistogram> little = RouterSurvey.of(model, pool, workers, new RouterSurvey.Place(tight, folder, () -> { }));
            assertThat(little).usingRecursiveComparison().isEqualTo(plenty);
            assertThat(tight.free()).isEqualTo(tight.limit());
        }
    }

    @Test
    void balancedTextReachesRareExperts() {
        try (Model model = Model.open(Goldens.ofRepository().model("olmoe").folder()); Workers workers = new Workers(1)) {
            TokenSequences pool = pool(model, 40);
            List<ExpertHistogram> survey = RouterSurvey.of(model, pool, workers,
                    new RouterSurvey.Place(new MemoryBudget(1 << 30), folder, () -> { }));
            BalancedText balanced = BalancedText.choose(pool, survey, model.spec(), wish(0.5, 0));
            assertThat(balanced.tokens().count()).isBetween(1, 39);
            int experts = RouterSurvey.experts(model.spec());
            int chosen = model.spec().mixture(0).router().chosen();
            assertThat(balanced.requiredTokens()).isEqualTo((int) Math.ceil(0.5 * chosen * 10 * LENGTH / experts));
            assertThat(balanced.shortExperts()).isZero();
            assertThat(balanced.use().least()).isGreaterThanOrEqualTo(balanced.requiredTokens());
            BalancedText all = BalancedText.choose(pool, survey, model.spec(), wish(1000, 0));
            assertThat(all.tokens().count()).as("the pool ends").isEqualTo(40);
            assertThat(all.shortExperts()).isPositive();
            BalancedText few = BalancedText.choose(pool, survey, model.spec(), wish(0.5, 2));
            assertThat(few.tokens().sequences()).isEqualTo(balanced.tokens().sequences().subList(0, 2));
            assertThat(few.shortExperts()).isEqualTo((int) Arrays.stream(few.use().counts()).filter(c -> c < few.requiredTokens()).count())
                    .isPositive();
        }
    }

    private static CalibrationWish wish(double balance, int most) {
        return new CalibrationWish(List.of(), 10, LENGTH, balance, most);
    }
}
