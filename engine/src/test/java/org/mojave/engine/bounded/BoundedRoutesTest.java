package org.mojave.engine.bounded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

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
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.Logits;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouteChange;
import org.mojave.engine.run.Routing;
import org.mojave.engine.run.RunParts;
import org.mojave.engine.stream.StreamPlan;
import org.mojave.engine.stream.StreamedExperts;
import org.mojave.format.file.DirectFile;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.testkit.Goldens;

final class BoundedRoutesTest {
    private static final Path WREN = Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe");
    private static final int[] PROMPT = {3, 1, 4, 1, 5, 9, 2, 6};

    @TempDir
    Path folder;

    private static Model streamed(Path path, int slots) {
        Model model = Model.open(path);
        StreamPlan plan = StreamPlan.of(model.spec(), model.weights(), model.checkpoint());
        return model.withExperts(StreamedExperts.open(plan, Math.max(slots, plan.fewestSlots()), new LeastRecentlyUsed(plan.numbers()),
                StreamedExperts.Reading.usual()), DirectFile::open);
    }

    /** A prompt, and 24 tokens generated greedily. */
    private static List<float[]> logits(Model model, Optional<BoundedRoutes> routes) {
        try (Workers workers = new Workers(2)) {
            Decoder decoder = new Decoder(model, workers, RunParts.of(model, new ExactProducts()).routes(routes.map(RouteChange.class::cast)));
            KvCache cache = decoder.newCache(40);
            List<float[]> all = new ArrayList<>(decoder.last(List.of(new Decoder.Chunk(cache, PROMPT))));
            for (int i = 0; i < 24; i++) {
                all.addAll(decoder.last(List.of(new Decoder.Chunk(cache, new int[] {Logits.best(all.getLast(), 0, all.getLast().length)}))));
            }
            return all;
        }
    }

    private static void same(List<float[]> found, List<float[]> expected) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i)).as("logits %d", i).isEqualTo(expected.get(i));
        }
    }

    /** What was decided with a small slab is repeated to the bit with everything in memory, and logged in the same bytes. */
    @ParameterizedTest
    @CsvSource({"skip-misses:1.0,wren", "experts:1,wren", "early,wren", "skip-misses:0.75,olmoe", "early,olmoe", "skip-misses:0.9,deepseek_v3"})
    void decisionsReplayToTheBit(String text, String name) throws IOException {
        Path path = name.equals("wren") ? WREN : Goldens.ofRepository().folder().resolve(name);
        Mode.OfRoutes mode = (Mode.OfRoutes) Mode.parse(text).orElseThrow();
        assertThat(mode.text()).isEqualTo(text);
        Path log = folder.resolve("log");
        List<float[]> bounded;
        double share;
        try (Model model = streamed(path, 6); DecisionLog.Writer writer = DecisionLog.Writer.open(log, mode)) {
            BoundedRoutes routes = BoundedRoutes.deciding(model.spec(), mode, model.experts(), Optional.of(writer));
            bounded = logits(model, Optional.of(routes));
            share = routes.changedShare();
        }
        assertThat(share).isBetween(0.001, 0.999);
        for (int slots : new int[] {0, 50}) {
            Path again = folder.resolve("again");
            try (Model model = slots == 0 ? Model.open(path) : streamed(path, slots); DecisionLog.Writer writer = DecisionLog.Writer.open(again, mode)) {
                BoundedRoutes routes = BoundedRoutes.replaying(model.spec(), DecisionLog.read(log), Optional.of(writer));
                same(logits(model, Optional.of(routes)), bounded);
                assertThat(routes.changedShare()).isEqualTo(share);
            }
            assertThat(Files.mismatch(log, again)).isEqualTo(-1);
        }
        try (Model model = Model.open(path)) {
            assertThat(logits(model, Optional.empty()).getLast()).as("something was changed").isNotEqualTo(bounded.getLast());
        }
    }

    @Test
    void nothingIsSkippedWhereNothingMisses() {
        try (Model model = Model.open(WREN)) {
            BoundedRoutes routes = BoundedRoutes.deciding(model.spec(), new Mode.SkipMisses(1), model.experts(), Optional.empty());
            same(logits(model, Optional.of(routes)), logits(model, Optional.empty()));
            assertThat(routes.changedShare()).isZero();
        }
    }

    /** Fewer bytes are read, and the first expert and the sum of the weights stay. */
    @Test
    void missesOfSmallWeightAreNotRead() {
        long[] bytes = new long[2];
        for (int way = 0; way < 2; way++) {
            try (Model model = streamed(WREN, 12)) {
                logits(model, way == 0 ? Optional.empty()
                        : Optional.of(BoundedRoutes.deciding(model.spec(), new Mode.SkipMisses(1), model.experts(), Optional.empty())));
                bytes[way] = ((StreamedExperts) model.experts().orElseThrow()).statistics().bytesRead();
            }
        }
        assertThat(bytes[1]).isLessThan(bytes[0] * 9 / 10);
        try (Model model = streamed(WREN, 12)) {
            BoundedRoutes routes = BoundedRoutes.deciding(model.spec(), new Mode.SkipMisses(1), model.experts(), Optional.empty());
            Routing routing = new Routing(1, 2, new float[16], new int[] {7, 3}, new float[] {0.7f, 0.2f});
            routes.skip(0, routing);
            assertThat(routing.experts()).containsExactly(7, -1);
            assertThat(routing.weights()[0]).isCloseTo(0.9f, within(1e-6f));
            assertThat(routing.weights()[1]).isZero();
        }
    }

    @Test
    void damagedAndForeignLogsAreRefused() throws IOException {
        Path log = folder.resolve("log");
        try (Model model = streamed(WREN, 6); DecisionLog.Writer writer = DecisionLog.Writer.open(log, new Mode.SkipMisses(1))) {
            logits(model, Optional.of(BoundedRoutes.deciding(model.spec(), new Mode.SkipMisses(1), model.experts(), Optional.of(writer))));
        }
        byte[] bytes = Files.readAllBytes(log);
        bytes[bytes.length / 2] ^= 1;
        Path damaged = Files.write(folder.resolve("damaged"), bytes);
        assertThatThrownBy(() -> DecisionLog.read(damaged)).isInstanceOf(CheckpointException.class).hasMessageContaining("damaged");
        assertThatThrownBy(() -> DecisionLog.read(WREN.resolve("config.json"))).isInstanceOf(CheckpointException.class).hasMessageContaining("--decisions");
        try (Model other = Model.open(Goldens.ofRepository().folder().resolve("olmoe"))) {
            assertThatThrownBy(() -> logits(other, Optional.of(BoundedRoutes.replaying(other.spec(), DecisionLog.read(log), Optional.empty()))))
                    .isInstanceOf(CheckpointException.class).hasMessageContaining("log");
        }
    }

    @Test
    void modesThatDoNotFitAreRefused() {
        assertThat(Mode.parse("skip-misses")).contains(new Mode.SkipMisses(0.75));
        assertThat(Mode.parse("sometimes")).isEmpty();
        assertThatThrownBy(() -> new Mode.FewerExperts(0)).isInstanceOf(IllegalArgumentException.class);
        try (Model model = Model.open(WREN)) {
            assertThatThrownBy(() -> BoundedRoutes.deciding(model.spec(), new Mode.FewerExperts(2), model.experts(), Optional.empty()))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("not fewer");
        }
        try (Model model = Model.open(Goldens.ofRepository().folder().resolve("phimoe"))) {
            assertThatThrownBy(() -> BoundedRoutes.deciding(model.spec(), new Mode.EarlyRoutes(), model.experts(), Optional.empty()))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("early");
        }
    }

    @Test
    void theTrialFindsTheFastestModeThatIsCloseEnough() {
        try (Model model = streamed(WREN, 30); Workers workers = new Workers(2)) {
            List<Mode> modes = ModeTrial.candidates(model.spec(), true);
            assertThat(modes).contains(new Mode.EarlyRoutes(), new Mode.FewerExperts(1), new Mode.SkipMisses(0.5));
            List<ModeTrial.Outcome> outcomes = new ModeTrial(model, workers, new ExactProducts()).run(PROMPT, modes);
            assertThat(outcomes).hasSize(1 + modes.size());
            assertThat(outcomes.getLast().divergence()).as("one expert of two").isGreaterThan(1e-4);
            outcomes.forEach(outcome -> assertThat(outcome.divergence()).isBetween(-1e-6, 5.0));
        }
        ModeTrial.Outcome exact = new ModeTrial.Outcome(Optional.empty(), 0, 10);
        ModeTrial.Outcome close = new ModeTrial.Outcome(Optional.of(new Mode.SkipMisses(0.5)), 0.01, 12);
        ModeTrial.Outcome far = new ModeTrial.Outcome(Optional.of(new Mode.FewerExperts(1)), 0.1, 20);
        ModeTrial.Outcome slow = new ModeTrial.Outcome(Optional.of(new Mode.EarlyRoutes()), 0.001, 9);
        assertThat(ModeTrial.best(List.of(exact, close, far, slow), 0.02)).isEqualTo(close.mode());
        assertThat(ModeTrial.best(List.of(exact, close, far, slow), 0.2)).isEqualTo(far.mode());
        assertThat(ModeTrial.best(List.of(exact, close, far, slow), 0.005)).isEmpty();
    }
}
