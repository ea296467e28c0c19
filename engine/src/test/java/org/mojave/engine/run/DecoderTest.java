package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mojave.engine.kernel.Workers;
import org.mojave.testkit.Goldens;

class DecoderTest {
    private final Model model = Model.open(Goldens.ofRepository().folder().resolve("qwen3_moe"));
    private final Workers workers = new Workers(1);
    private final Decoder decoder = new Decoder(model, workers);

    @AfterEach
    void close() {
        workers.close();
        model.close();
    }

    @Test
    void cacheRefusesMoreThanItsCapacity() {
        KvCache cache = decoder.newCache(3);
        decoder.last(List.of(new Decoder.Chunk(cache, new int[] {1, 2})));
        assertThat(cache.length()).isEqualTo(2);
        assertThatThrownBy(() -> decoder.last(List.of(new Decoder.Chunk(cache, new int[] {3, 4}))))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("more than the 3");
        assertThat(cache.tokens()).containsExactly(1, 2);
    }

    @Test
    void truncatedCacheGoesOnAsIfTheRestHadNotBeen() {
        KvCache cache = decoder.newCache(100);
        decoder.last(List.of(new Decoder.Chunk(cache, new int[] {5, 6, 7})));
        float[] first = decoder.last(List.of(new Decoder.Chunk(cache, new int[] {8}))).getFirst();
        cache.truncate(3);
        assertThat(decoder.last(List.of(new Decoder.Chunk(cache, new int[] {8}))).getFirst()).isEqualTo(first);
    }

    @Test
    void sequencesOfDifferentLengthsShareABatch() {
        KvCache ahead = decoder.newCache(100);
        decoder.last(List.of(new Decoder.Chunk(ahead, new int[] {9, 8, 7, 6, 5})));
        List<float[]> together = decoder.last(List.of(new Decoder.Chunk(ahead, new int[] {4}),
                new Decoder.Chunk(decoder.newCache(10), new int[] {3, 2, 1})));
        KvCache alone = decoder.newCache(100);
        float[] first = decoder.last(List.of(new Decoder.Chunk(alone, new int[] {9, 8, 7, 6, 5, 4}))).getFirst();
        float[] second = decoder.last(List.of(new Decoder.Chunk(decoder.newCache(10), new int[] {3, 2, 1}))).getFirst();
        assertThat(ArchitectureContract.difference(new float[][][] {{together.get(0), together.get(1)}},
                new float[][][] {{first, second}})).isLessThan(2e-5f);
    }

    @Test
    void tokensOutsideTheVocabularyAreRefused() {
        assertThatThrownBy(() -> decoder.last(List.of(new Decoder.Chunk(decoder.newCache(4), new int[] {160}))))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("token 160");
    }

    @Test
    void oneCacheCannotTakeTwoChunksAtOnce() {
        KvCache cache = decoder.newCache(4);
        Decoder.Chunk chunk = new Decoder.Chunk(cache, new int[] {1});
        assertThatThrownBy(() -> decoder.last(List.of(chunk, chunk))).isInstanceOf(IllegalArgumentException.class);
    }
}
