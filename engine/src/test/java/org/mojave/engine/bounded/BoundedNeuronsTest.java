package org.mojave.engine.bounded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mojave.engine.evict.LeastRecentlyUsed;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.Logits;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RunParts;
import org.mojave.engine.stream.StreamPlan;
import org.mojave.engine.stream.StreamedExperts;
import org.mojave.format.file.DirectFile;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.testkit.Goldens;

final class BoundedNeuronsTest {
    private static final Path WREN = Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe");
    private static final int[] PROMPT = {3, 1, 4, 1, 5, 9, 2, 6};
    private static final int NEW_TOKENS = 12;

    @TempDir
    Path folder;

    private static Model streamed(Path path) {
        Model model = Model.open(path);
        StreamPlan plan = StreamPlan.of(model.spec(), model.weights(), model.checkpoint());
        return model.withExperts(StreamedExperts.open(plan, Math.max(6, plan.fewestSlots()), new LeastRecentlyUsed(plan.numbers()),
                StreamedExperts.Reading.usual()), DirectFile::open);
    }

    private static List<float[]> logits(Model model, ProductPath path, Optional<Bounded> bounded) {
        try (Workers workers = new Workers(2)) {
            Decoder decoder = new Decoder(model, workers, RunParts.of(model, path).neurons(bounded.flatMap(Bounded::choice)));
            KvCache cache = decoder.newCache(40);
            List<float[]> all = new ArrayList<>(decoder.last(List.of(new Decoder.Chunk(cache, PROMPT))));
            for (int i = 0; i < NEW_TOKENS; i++) {
                all.addAll(decoder.last(List.of(new Decoder.Chunk(cache, new int[] {Logits.best(all.getLast(), 0, all.getLast().length)}))));
            }
            return all;
        }
    }

    /** What was decided with a small slab is repeated to the bit with everything in memory, and logged in the same bytes. */
    @ParameterizedTest
    @CsvSource({"neurons:50%,wren", "wina:30%,wren", "wina:70.5%,olmoe", "neurons:50%,olmoe"})
    void decisionsReplayToTheBit(String text, String name) throws IOException {
        Path path = name.equals("wren") ? WREN : Goldens.ofRepository().folder().resolve(name);
        Mode mode = Mode.parse(text).orElseThrow();
        assertThat(mode.text()).isEqualTo(text);
        for (ProductPath products : List.of(new ExactProducts(), ProductPath.of(NativeSupport.load(new NativeChoice.Best())))) {
            Path log = folder.resolve("log");
            List<float[]> found;
            BoundedNeurons neurons;
            try (Model model = streamed(path); DecisionLog.Writer writer = DecisionLog.Writer.open(log, mode)) {
                Bounded bounded = Bounded.deciding(model.spec(), mode, model.experts(), Optional.of(writer));
                found = logits(model, products, Optional.of(bounded));
                neurons = bounded.neurons().orElseThrow();
            }
            double percent = ((Mode.OfNeurons) mode).percent();
            assertThat(neurons.droppedShare()).isBetween(0.5 * percent / 100, percent / 100);
            assertThat(neurons.tokens()).isEqualTo(NEW_TOKENS);
            assertThat(neurons.readPerToken()).isLessThanOrEqualTo(neurons.bytesPerToken());
            Path again = folder.resolve("again");
            try (Model model = Model.open(path); DecisionLog.Writer writer = DecisionLog.Writer.open(again, mode)) {
                Bounded replayed = Bounded.replaying(model.spec(), DecisionLog.read(log), Optional.of(writer));
                List<float[]> repeated = logits(model, products, Optional.of(replayed));
                for (int i = 0; i < found.size(); i++) {
                    assertThat(repeated.get(i)).as("%s, call %d", products.describe(), i).isEqualTo(found.get(i));
                }
            }
            assertThat(Files.mismatch(log, again)).isEqualTo(-1);
        }
    }

    @Test
    void theLargestScoresStay() {
        assertThat(BoundedNeurons.largest(new float[] {1, 5, 3, 5, 2}, 2)).hasToString("{1, 3}");
        assertThat(BoundedNeurons.largest(new float[] {4, 4, 4, 4}, 3)).hasToString("{0, 1, 2}");
        assertThat(BoundedNeurons.largest(new float[] {1, Float.NaN, Float.POSITIVE_INFINITY}, 1)).hasToString("{1}");
    }

    @Test
    void foreignLogsAndModesThatDoNotFitAreRefused() {
        Path log = folder.resolve("log");
        Mode mode = new Mode.GateFirst(50);
        try (Model model = Model.open(WREN); DecisionLog.Writer writer = DecisionLog.Writer.open(log, mode)) {
            logits(model, new ExactProducts(), Optional.of(Bounded.deciding(model.spec(), mode, Optional.empty(), Optional.of(writer))));
        }
        try (Model other = Model.open(Goldens.ofRepository().folder().resolve("olmoe"))) {
            Bounded replay = Bounded.replaying(other.spec(), DecisionLog.read(log), Optional.empty());
            assertThatThrownBy(() -> logits(other, new ExactProducts(), Optional.of(replay))).isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("same model");
            assertThatThrownBy(() -> BoundedRoutes.replaying(other.spec(), DecisionLog.read(log), Optional.empty()))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("not about routes");
        }
        try (Model dense = Model.open(Path.of(System.getProperty("mojave.root")).resolve("engine/src/test/resources/org/mojave/engine/run/gguf/llama3-mixed.gguf"))) {
            assertThatThrownBy(() -> Bounded.deciding(dense.spec(), mode, Optional.empty(), Optional.empty()))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("no experts");
        }
        assertThat(Mode.parse("neurons")).contains(new Mode.GateFirst(50));
        assertThat(Mode.parse("wina:12")).contains(new Mode.Wina(12));
        assertThatThrownBy(() -> new Mode.Wina(100)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Mode.parse("neurons:0%")).isInstanceOf(IllegalArgumentException.class);
    }
}
