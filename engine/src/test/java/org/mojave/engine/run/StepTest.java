package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.engine.evict.LeastRecentlyUsed;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.stream.StreamPlan;
import org.mojave.engine.stream.StreamStatistics;
import org.mojave.engine.stream.StreamedExperts;
import org.mojave.format.file.DirectFile;
import org.mojave.testkit.Goldens;

/** Sequences that step together say what each says alone. */
class StepTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final Path WREN = ROOT.resolve("examples/wren-moe");
    private static final int SEQUENCES = 13;
    private static final int STEPS = 4;

    static Stream<Path> models() {
        Path gguf = ROOT.resolve("engine/src/test/resources/org/mojave/engine/run/gguf");
        return Stream.concat(Goldens.ofRepository().models().stream().map(Goldens.ofRepository().folder()::resolve),
                Stream.of("llama3-mixed.gguf", "deepseek2.gguf", "mixtral.gguf").map(gguf::resolve));
    }

    private static List<ProductPath> paths() {
        return List.of(new ExactProducts(), ProductPath.vectors(), ProductPath.of(NativeSupport.load(new NativeChoice.Best())));
    }

    private static int[] prompt(Model model, int sequence) {
        int[] tokens = new int[1 + sequence % 5];
        Arrays.setAll(tokens, i -> (sequence * 31 + i * i + 3) % model.vocabularySize());
        return tokens;
    }

    private static List<KvCache> prompted(Model model, Decoder decoder) {
        List<KvCache> caches = new ArrayList<>();
        for (int s = 0; s < SEQUENCES; s++) {
            caches.add(decoder.newCache(16));
            decoder.last(List.of(new Decoder.Chunk(caches.getLast(), prompt(model, s))));
        }
        return caches;
    }

    private static int token(Model model, int sequence, int step) {
        return (sequence * 7 + step * 11) % model.vocabularySize();
    }

    @ParameterizedTest
    @MethodSource("models")
    void togetherIsAloneToTheBit(Path folder) {
        try (Model model = Model.open(folder); Workers one = new Workers(1); Workers two = new Workers(2)) {
            int vocabulary = model.vocabularySize();
            for (ProductPath path : paths()) {
                RunParts parts = RunParts.of(model, path).with(path.natives().isPresent() ? KeyValueType.F16 : KeyValueType.F32);
                Decoder single = new Decoder(model, one, parts);
                Decoder several = new Decoder(model, two, parts);
                List<KvCache> alone = prompted(model, single);
                List<KvCache> together = prompted(model, several);
                float[] logits = new float[SEQUENCES * vocabulary];
                for (int step = 0; step < STEPS; step++) {
                    int now = step;
                    int[] tokens = new int[SEQUENCES];
                    Arrays.setAll(tokens, s -> token(model, s, now));
                    several.step(new Decoder.Step(together, tokens), RouterListener.NONE, logits);
                    for (int s = 0; s < SEQUENCES; s++) {
                        float[] expected = single.last(List.of(new Decoder.Chunk(alone.get(s), new int[] {tokens[s]}))).getFirst();
                        assertThat(Arrays.copyOfRange(logits, s * vocabulary, (s + 1) * vocabulary))
                                .as("%s, %s, sequence %d, step %d", folder.getFileName(), path.describe(), s, step).isEqualTo(expected);
                    }
                }
            }
        }
    }

    @Test
    void anExpertIsReadOnceForAllThatChoseIt() {
        Model mapped = Model.open(WREN);
        StreamPlan plan = StreamPlan.of(mapped.spec(), mapped.weights(), mapped.checkpoint());
        StreamedExperts experts = StreamedExperts.open(plan, plan.fewestSlots(), new LeastRecentlyUsed(plan.numbers()), StreamedExperts.Reading.usual());
        try (Model model = mapped.withExperts(experts, DirectFile::ordinary); Workers workers = new Workers(2)) {
            Decoder decoder = new Decoder(model, workers);
            List<KvCache> caches = prompted(model, decoder);
            StreamStatistics before = experts.statistics();
            Set<Long> union = new TreeSet<>();
            int[] tokens = new int[SEQUENCES];
            Arrays.setAll(tokens, s -> token(model, s, 0));
            decoder.step(new Decoder.Step(caches, tokens), (layer, routing) -> {
                for (int i = 0; i < routing.tokens() * routing.chosen(); i++) {
                    union.add(1000L * layer + routing.experts()[i]);
                }
            }, new float[SEQUENCES * model.vocabularySize()]);
            assertThat(union).hasSizeLessThan(SEQUENCES * plan.cycle());
            assertThat(experts.statistics().since(before).requests()).isEqualTo(union.size());
        }
    }

    @Test
    void mistakesAreRefused() {
        try (Model model = Model.open(WREN); Workers workers = new Workers(1)) {
            Decoder decoder = new Decoder(model, workers);
            KvCache cache = decoder.newCache(4);
            assertThatThrownBy(() -> new Decoder.Step(List.of(cache), new int[] {1, 2})).isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("1 sequences cannot take 2 tokens");
            assertThatThrownBy(() -> decoder.step(new Decoder.Step(List.of(cache, cache), new int[] {1, 2}), RouterListener.NONE,
                    new float[2 * model.vocabularySize()])).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("share a cache");
            assertThatThrownBy(() -> decoder.step(new Decoder.Step(List.of(cache), new int[] {1}), RouterListener.NONE, new float[5]))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThat(cache.length()).isZero();
        }
    }
}
