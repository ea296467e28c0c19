package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.mojave.engine.kernel.Workers;
import org.mojave.format.checkpoint.Checkpoint;
import tools.jackson.databind.JsonNode;

/** Greedy text against the golden, and every reason to stop. */
class GeneratorTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final Path GOLDEN = ROOT.resolve("testkit/goldens/llama");
    private static Model model;
    private static Workers workers;

    @BeforeAll
    static void open() {
        model = Model.open(GOLDEN);
        workers = new Workers(2);
    }

    @AfterAll
    static void close() {
        workers.close();
        model.close();
    }

    @Test
    void greedyTextIsThatOfTheGolden() {
        JsonNode expected = Checkpoint.readJson(GOLDEN.resolve("expected.json"));
        for (int s = 0; s < expected.path("input_ids").size(); s++) {
            int[] prompt = ints(expected.path("input_ids").get(s));
            List<Integer> made = new ArrayList<>();
            Generator.Report report = run(model, new Generator.Request(prompt, 16, Set.of()), made);
            assertThat(made).containsExactlyElementsOf(list(expected.path("greedy_continuation").get(s)));
            assertThat(report.stop()).isEqualTo(Generator.Stop.MOST_TOKENS);
            assertThat(report.promptTokens()).isEqualTo(prompt.length);
            assertThat(report.newTokens()).isEqualTo(16);
            assertThat(report.steps()).isEqualTo(15);
            assertThat(report.promptSpeed()).isPositive();
            assertThat(report.generationSpeed()).isPositive();
        }
    }

    @Test
    void anEndOfTextIsNotHandedOut() {
        JsonNode expected = Checkpoint.readJson(GOLDEN.resolve("expected.json"));
        List<Integer> continuation = list(expected.path("greedy_continuation").get(0));
        int end = continuation.get(3);
        List<Integer> made = new ArrayList<>();
        Generator.Report report = run(model, new Generator.Request(ints(expected.path("input_ids").get(0)), 16, Set.of(end)), made);
        assertThat(made).isEqualTo(continuation.subList(0, continuation.indexOf(end)));
        assertThat(report.stop()).isEqualTo(Generator.Stop.END_OF_TEXT);
    }

    @Test
    void aLongPromptGoesInPartsAndAFullContextEndsTheText() {
        try (Model wren = Model.open(ROOT.resolve("examples/wren-moe"))) {
            int[] prompt = new SplittableRandom(5).ints(wren.contextLength() - 2, 0, wren.vocabularySize()).toArray();
            List<Integer> made = new ArrayList<>();
            Generator.Report report = run(wren, new Generator.Request(prompt, 50, Set.of()), made);
            assertThat(report.stop()).isEqualTo(Generator.Stop.CONTEXT_FULL);
            assertThat(made).hasSize(3); // two positions are left, and the last one predicts once more
            Decoder decoder = new Decoder(wren, workers);
            float[] logits = decoder.last(List.of(new Decoder.Chunk(decoder.newCache(prompt.length), prompt))).getFirst();
            assertThat(made.getFirst()).isEqualTo(Logits.best(logits, 0, logits.length));
        }
    }

    @Test
    void textsThatGrowTogetherAreThoseThatGrowAlone() {
        try (Model wren = Model.open(ROOT.resolve("examples/wren-moe"))) {
            List<Generator.Voice> voices = new ArrayList<>();
            List<List<Integer>> together = new ArrayList<>();
            List<List<Integer>> alone = new ArrayList<>();
            List<Generator.Stop> stops = new ArrayList<>();
            SamplingOptions drawn = new SamplingOptions(1.3f, 0, 1, 0, 1);
            for (int i = 0; i < 7; i++) {
                int[] prompt = new SplittableRandom(i).ints(1 + 3 * i, 0, wren.vocabularySize()).toArray();
                List<Integer> made = new ArrayList<>();
                Generator.Request request = new Generator.Request(prompt, 5 + 2 * (i % 4), i == 6 ? Set.of(alone.getFirst().get(2)) : wren.endTokens());
                request = i == 6 ? new Generator.Request(voices.getFirst().request().prompt(), 9, request.ends()) : request;
                Generator.Report report = new Generator(wren, new Decoder(wren, workers)).run(request, new Sampler(drawn, new SplittableRandom(3)), made::add);
                stops.add(report.stop());
                alone.add(made);
                together.add(new ArrayList<>());
                voices.add(new Generator.Voice(request, new Sampler(drawn, new SplittableRandom(3))));
            }
            List<Generator.Report> reports = new Generator(wren, new Decoder(wren, workers))
                    .together(voices, (text, token) -> together.get(text).add(token));
            assertThat(together).isEqualTo(alone);
            assertThat(reports).extracting(Generator.Report::stop).isEqualTo(stops).contains(Generator.Stop.END_OF_TEXT, Generator.Stop.MOST_TOKENS);
            assertThat(reports.getFirst().steps()).isEqualTo(together.getFirst().size() - 1);
        }
    }

    @Test
    void refusesWhatCannotBeContinued() {
        int[] tooLong = new int[model.contextLength() + 1];
        assertThatThrownBy(() -> run(model, new Generator.Request(tooLong, 1, Set.of()), new ArrayList<>()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("more than the model's context");
        assertThatThrownBy(() -> new Generator.Request(new int[0], 1, Set.of())).hasMessageContaining("empty");
        assertThatThrownBy(() -> new Generator.Request(new int[1], 0, Set.of())).hasMessageContaining("not 0");
    }

    private static Generator.Report run(Model model, Generator.Request request, List<Integer> made) {
        Sampler greedy = new Sampler(SamplingOptions.GREEDY, new SplittableRandom(1));
        return new Generator(model, new Decoder(model, workers)).run(request, greedy, made::add);
    }

    private static int[] ints(JsonNode array) {
        return list(array).stream().mapToInt(Integer::intValue).toArray();
    }

    private static List<Integer> list(JsonNode array) {
        Integer[] values = new Integer[array.size()];
        Arrays.setAll(values, i -> array.get(i).intValue());
        return List.of(values);
    }
}
