package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.store.ExpertStore;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

class KvCacheTest {
    private final GoldenModel golden = Goldens.ofRepository().model("qwen3_moe");

    @Test
    void aCopyGoesOnAsItsSourceWould() {
        try (Model model = Model.open(golden.folder()); Workers workers = new Workers(1)) {
            Decoder decoder = new Decoder(model, workers);
            KvCache source = decoder.newCache(20);
            decoder.last(List.of(new Decoder.Chunk(source, new int[] {1, 2, 3, 4, 5, 6})));
            KvCache branch = decoder.newCache(20);
            branch.copyFrom(source);
            branch.truncate(3);
            decoder.last(List.of(new Decoder.Chunk(branch, new int[] {9, 8, 7, 6, 5})));
            branch.copyFrom(source);
            assertThat(branch.tokens()).containsExactly(1, 2, 3, 4, 5, 6);
            float[] expected = decoder.last(List.of(new Decoder.Chunk(source, new int[] {7}))).getFirst();
            assertThat(decoder.last(List.of(new Decoder.Chunk(branch, new int[] {7}))).getFirst()).isEqualTo(expected);
            branch.copyFrom(source);
            branch.copyFrom(decoder.newCache(5));
            assertThat(branch.length()).isZero();
            assertThatThrownBy(() -> decoder.newCache(3).copyFrom(source)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("3");
        }
    }

    /** What is counted as full is taken as full, so that nothing is copied later. */
    @Test
    void takesAllItsMemoryAtOnceBesideAnExpertStore() {
        try (Model model = Model.open(golden.folder()); Workers workers = new Workers(1)) {
            RunParts parts = RunParts.of(model, new ExactProducts());
            assertThat(new Decoder(model, workers, parts).newCache(1000).keys(0).rows()).isZero();
            KvCache cache = new Decoder(model, workers, parts.experts(Optional.of(new NoExperts()))).newCache(1000);
            for (int layer = 0; layer < model.spec().layers().size(); layer++) {
                assertThat(cache.keys(layer).rows()).isEqualTo(1000);
                assertThat(cache.values(layer).rows()).isEqualTo(1000);
            }
            assertThat(cache.length()).isZero();
            cache.reserve(1000);
            assertThatThrownBy(() -> cache.reserve(1001)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** A store that nobody asks for anything. */
    private static final class NoExperts implements ExpertStore {
        @Override
        public Demand demand(int layer, int[] experts, int count) {
            throw new IllegalStateException("layer " + layer + " was asked for");
        }

        @Override
        public boolean wantsGuesses() {
            return false;
        }

        @Override
        public void guess(int layer, int[] experts, int count) {}

        @Override
        public void close() {}
    }
}
