package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.engine.evict.DecayedFrequency;
import org.mojave.engine.evict.EvictionPolicy;
import org.mojave.engine.evict.LeastRecentlyUsed;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.predict.PathStatistics;
import org.mojave.engine.stream.PathGuesses;
import org.mojave.engine.stream.StreamPlan;
import org.mojave.engine.stream.StreamedExperts;
import org.mojave.format.file.DirectFile;
import org.mojave.testkit.Goldens;

/** Mapped, resident and streamed weights give the same logits to the bit, whatever the slab, the policy and the threads. */
final class StoreTest {
    private static final Path WREN = Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe");
    private static final int[] PROMPT = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3, 8, 3, 2, 7, 9, 5};

    static Stream<Path> folders() {
        Goldens goldens = Goldens.ofRepository();
        return Stream.concat(Stream.of(WREN), Stream.of("olmoe", "mixtral", "deepseek_v2", "qwen2_moe", "phimoe", "dots1", "granitemoeshared")
                .map(goldens.folder()::resolve));
    }

    private static List<ProductPath> paths() {
        return List.of(new ExactProducts(), ProductPath.of(NativeSupport.load(new NativeChoice.Best())));
    }

    /** A prompt, three sequences together, and single tokens. */
    private static List<float[]> logits(Model model, ProductPath path, KeyValueType keyValues, int threads) {
        try (Workers workers = new Workers(threads)) {
            Decoder decoder = new Decoder(model, workers, RunParts.of(model, path).keyValues(keyValues));
            KvCache one = decoder.newCache(64);
            KvCache two = decoder.newCache(64);
            KvCache three = decoder.newCache(64);
            List<float[]> all = new ArrayList<>(decoder.last(List.of(new Decoder.Chunk(one, PROMPT), new Decoder.Chunk(two, new int[] {7, 8}))));
            all.addAll(decoder.last(List.of(new Decoder.Chunk(one, new int[] {9}), new Decoder.Chunk(two, new int[] {1, 2, 3}),
                    new Decoder.Chunk(three, new int[] {5}))));
            for (int token = 1; token < 9; token++) {
                all.addAll(decoder.last(List.of(new Decoder.Chunk(one, new int[] {token}))));
            }
            return all;
        }
    }

    private static Model streamed(Path folder, int slots, boolean own) {
        Model model = Model.open(folder);
        StreamPlan plan = StreamPlan.of(model.spec(), model.weights(), model.checkpoint());
        EvictionPolicy policy = own ? new DecayedFrequency(plan.numbers(), DecayedFrequency.Settings.usual()) : new LeastRecentlyUsed(plan.numbers());
        StreamedExperts experts = StreamedExperts.open(plan, Math.max(slots, plan.fewestSlots()), policy,
                new StreamedExperts.Reading(DirectFile::open, 2, slots % 3 != 0));
        return model.withExperts(slots == 17 ? new PathGuesses(plan, experts, new PathStatistics(plan.numbers().perLayer())) : experts, DirectFile::ordinary);
    }

    @ParameterizedTest
    @MethodSource("folders")
    void logitsAreTheSameWhereverWeightsAre(Path folder) {
        for (ProductPath path : paths()) {
            List<float[]> expected;
            try (Model mapped = Model.open(folder)) {
                expected = logits(mapped, path, KeyValueType.F32, 1);
            }
            try (Model resident = Model.open(folder).resident(DirectFile::open)) {
                assertThat(resident.experts()).isEmpty();
                same(logits(resident, path, KeyValueType.F32, 2), expected, "resident");
            }
            for (int slots : new int[] {0, 5, 17, 1000}) {
                try (Model model = streamed(folder, slots, slots % 2 == 0)) {
                    same(logits(model, path, KeyValueType.F32, 1 + slots % 2), expected, slots + " slots, cold");
                    same(logits(model, path, KeyValueType.F32, 2), expected, slots + " slots, warm");
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "Q8"})
    void soTheyAreWithKeysAndValuesInFewerBits(KeyValueType type) {
        for (ProductPath path : paths()) {
            List<float[]> expected;
            try (Model mapped = Model.open(WREN)) {
                expected = logits(mapped, path, type, 1);
                assertThat(expected.getLast()).isNotEqualTo(logits(mapped, path, KeyValueType.F32, 1).getLast());
            }
            try (Model resident = Model.open(WREN).resident(DirectFile::open)) {
                same(logits(resident, path, type, 2), expected, type + ", resident");
            }
            try (Model model = streamed(WREN, 17, false)) {
                same(logits(model, path, type, 2), expected, type + ", streamed");
            }
        }
    }

    private static void same(List<float[]> found, List<float[]> expected, String how) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i)).as("%s, logits %d", how, i).isEqualTo(expected.get(i));
        }
    }

    @Test
    void bytesOfWeightsAreCounted() {
        try (Model model = Model.open(WREN)) {
            long file = WREN.resolve("model.safetensors").toFile().length();
            assertThat(model.weightBytes()).isBetween(file - 100_000, file + 8192L * model.weights().tensorNames().size());
            StreamPlan plan = StreamPlan.of(model.spec(), model.weights(), model.checkpoint());
            long experts = plan.slotBytes() * plan.numbers().total();
            assertThat(model.residentBytes() + experts).isBetween(file - 100_000, file + 8192L * 3 * model.weights().tensorNames().size());
            assertThat(plan.cycle()).isEqualTo(12);
            assertThat(plan.fewestSlots()).isEqualTo(3);
        }
    }

    @Test
    void storageThatCannotBeReadPiecewiseIsRefused() {
        for (String name : new String[] {"deepseek_v3_fp8", "gpt_oss_mxfp4", "llama"}) {
            try (Model model = Model.open(Goldens.ofRepository().folder().resolve(name))) {
                assertThatThrownBy(() -> StreamPlan.of(model.spec(), model.weights(), model.checkpoint())).as(name)
                        .isInstanceOf(UnsupportedModelException.class).hasMessageContaining("--store mapped");
            }
        }
    }
}
