package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.engine.evaluate.ModelLogits;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.testkit.Goldens;

/** The whole forward pass of every golden model with keys and values in fewer bits. */
class KeyValueTypeTest {
    private static final int TOKENS = 83;

    static List<String> models() {
        return Goldens.ofRepository().models();
    }

    private static List<ProductPath> paths() {
        return List.of(new ExactProducts(), ProductPath.of(NativeSupport.load(new NativeChoice.Best())));
    }

    private static Model open(String name) {
        return Model.open(Goldens.ofRepository().folder().resolve(name));
    }

    private static int[] tokens(Model model) {
        int[] tokens = new int[Math.min(TOKENS, model.contextLength())];
        Arrays.setAll(tokens, i -> (i * i + 3) % model.vocabularySize());
        return tokens;
    }

    /** Logits of the last token: the prompt in chunks of those lengths. */
    private static float[] logits(Model model, Decoder decoder, int... cuts) {
        int[] tokens = tokens(model);
        KvCache cache = decoder.newCache(tokens.length);
        int from = 0;
        for (int cut : cuts) {
            decoder.last(List.of(new Decoder.Chunk(cache, Arrays.copyOfRange(tokens, from, from + cut))));
            from += cut;
        }
        return decoder.last(List.of(new Decoder.Chunk(cache, Arrays.copyOfRange(tokens, from, tokens.length)))).getFirst();
    }

    private static double relative(float[] found, float[] expected) {
        double error = 0;
        double size = 0;
        for (int i = 0; i < found.length; i++) {
            error += Math.pow(found[i] - expected[i], 2);
            size += Math.pow(expected[i], 2);
        }
        return Math.sqrt(error / size);
    }

    @ParameterizedTest
    @MethodSource("models")
    void fewerBitsChangeLittleAndChunksAndThreadsNothingMore(String name) {
        try (Model model = open(name); Workers one = new Workers(1); Workers three = new Workers(3)) {
            for (ProductPath path : paths()) {
                float[] floats = logits(model, new Decoder(model, one, path));
                for (KeyValueType type : List.of(KeyValueType.F16, KeyValueType.Q8)) {
                    RunParts parts = RunParts.of(model, path).with(type);
                    float[] whole = logits(model, new Decoder(model, one, parts));
                    assertThat(relative(whole, floats)).as("%s %s %s", name, type, path.describe()).isPositive()
                            .isLessThan(type == KeyValueType.F16 ? 3e-3 : 0.2);
                    assertThat(logits(model, new Decoder(model, three, parts))).as("three threads").isEqualTo(whole);
                    int[] cuts = {tokens(model).length / 3, 1, 1, 5};
                    assertThat(relative(logits(model, new Decoder(model, three, parts), cuts), whole)).as("%s %s, in chunks, %s", name, type, path.describe())
                            .isLessThan(type == KeyValueType.F16 ? 3e-3 : 0.02);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(KeyValueType.class)
    void evaluationSeesWhatDecodingSees(KeyValueType type) {
        try (Model model = open("qwen3_moe"); Workers workers = new Workers(2)) {
            RunParts parts = RunParts.of(model, new ExactProducts()).with(type);
            int[] tokens = tokens(model);
            List<float[]> decoded = new ArrayList<>();
            new Decoder(model, workers, parts).all(List.of(new Decoder.Chunk(new KvCache(model.spec(), tokens.length, type), tokens)),
                    (_, _, rows, logits) -> decoded.add(Arrays.copyOf(logits, rows * model.vocabularySize())), RouterListener.NONE);
            float[] evaluated = new ModelLogits(model, workers, parts).run(List.of(tokens)).logits(0, 0, tokens.length);
            assertThat(Arrays.copyOf(evaluated, decoded.getFirst().length)).isEqualTo(decoded.getFirst());
        }
    }

    @Test
    void aCacheTakesTheBytesThatWerePlanned() {
        try (Model model = open("deepseek_v2")) {
            long floats = KvCache.bytes(model.spec(), 100, KeyValueType.F32);
            assertThat(KvCache.bytes(model.spec(), 100, KeyValueType.F16)).isEqualTo(floats / 2);
            assertThat((double) KvCache.bytes(model.spec(), 100, KeyValueType.Q8) / floats).isBetween(9 / 32.0, 0.35);
        }
    }

    @ParameterizedTest
    @EnumSource(KeyValueType.class)
    void aCopyGoesOnAsItsSourceWould(KeyValueType type) {
        try (Model model = open("qwen3_moe"); Workers workers = new Workers(1)) {
            Decoder decoder = new Decoder(model, workers, RunParts.of(model, new ExactProducts()).with(type));
            KvCache source = decoder.newCache(200);
            decoder.last(List.of(new Decoder.Chunk(source, new int[] {1, 2, 3, 4, 5, 6})));
            KvCache branch = decoder.newCache(200);
            branch.copyFrom(source);
            branch.truncate(3);
            decoder.last(List.of(new Decoder.Chunk(branch, new int[] {9, 8, 7, 6, 5})));
            branch.copyFrom(source);
            float[] expected = decoder.last(List.of(new Decoder.Chunk(source, new int[] {7}))).getFirst();
            assertThat(decoder.last(List.of(new Decoder.Chunk(branch, new int[] {7}))).getFirst()).isEqualTo(expected);
        }
    }
}
