package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeProducts;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.NativeVariant;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.testkit.Goldens;

/** The whole forward pass of every golden model on every fast path, against the exact one; nothing packed, so nothing is rounded. */
class FastPathsTest {
    private static final int TOKENS = 83;

    static List<String> models() {
        return Goldens.ofRepository().models();
    }

    private static List<ProductPath> paths() {
        List<ProductPath> paths = new ArrayList<>(List.of(ProductPath.vectors()));
        for (NativeVariant variant : NativeVariant.values()) {
            if (NativeSupport.load(new NativeChoice.Only(variant)) instanceof NativeSupport.Available available) {
                paths.add(new NativeProducts(available.kernels(), 128));
            }
        }
        return paths;
    }

    private static int[] tokens(Model model) {
        int[] tokens = new int[Math.min(TOKENS, model.contextLength())];
        Arrays.setAll(tokens, i -> (i * i + 3) % model.vocabularySize());
        return tokens;
    }

    /** Logits of the last token: the prompt at once, then {@code steps} tokens one by one. */
    private static float[] logits(Model model, Decoder decoder, int steps) {
        int[] tokens = tokens(model);
        KvCache cache = decoder.newCache(tokens.length);
        int whole = tokens.length - steps;
        float[] last = decoder.last(List.of(new Decoder.Chunk(cache, Arrays.copyOf(tokens, whole)))).getFirst();
        for (int i = whole; i < tokens.length; i++) {
            last = decoder.last(List.of(new Decoder.Chunk(cache, new int[] {tokens[i]}))).getFirst();
        }
        return last;
    }

    @ParameterizedTest
    @MethodSource("models")
    void fastPathsAgreeWithTheExactOne(String name) {
        try (Model model = Model.open(Goldens.ofRepository().folder().resolve(name)); Workers one = new Workers(1);
                Workers three = new Workers(3)) {
            float[] expected = logits(model, new Decoder(model, one), 0);
            for (ProductPath path : paths()) {
                float[] alone = logits(model, new Decoder(model, one, path), 0);
                assertThat(ArchitectureContract.difference(new float[][][] {{alone}}, new float[][][] {{expected}}))
                        .as("%s, %s", name, path.describe()).isLessThan(1e-4f);
                assertThat(logits(model, new Decoder(model, three, path), 0)).as("three threads, %s", path.describe()).isEqualTo(alone);
                float[] steps = logits(model, new Decoder(model, three, path), 5);
                assertThat(ArchitectureContract.difference(new float[][][] {{steps}}, new float[][][] {{expected}}))
                        .as("%s, step by step, %s", name, path.describe()).isLessThan(1e-4f);
            }
        }
    }
}
