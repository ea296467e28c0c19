package org.mojave.engine.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.engine.bounded.BoundedRoutes;
import org.mojave.engine.bounded.Mode;
import org.mojave.engine.evict.LeastRecentlyUsed;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouterListener;
import org.mojave.engine.run.Routing;
import org.mojave.engine.run.RunParts;
import org.mojave.engine.stream.StreamPlan;
import org.mojave.engine.stream.StreamedExperts;
import org.mojave.format.file.DirectFile;

final class RouteRecorderTest {
    private static final Path WREN = Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe");

    private static RouteRecorder record(RouteRecorder.Steps steps, long limitBytes, int[]... calls) {
        try (Model model = Model.open(WREN); Workers workers = new Workers(1)) {
            RouteRecorder recorder = new RouteRecorder(model.spec(), steps, limitBytes);
            Decoder decoder = new Decoder(model, workers);
            KvCache cache = decoder.newCache(16);
            for (int[] tokens : calls) {
                decoder.last(List.of(new Decoder.Chunk(cache, tokens)), recorder);
            }
            return recorder;
        }
    }

    @Test
    void choicesDoNotDependOnHowATextIsCut() {
        RouteTrace one = record(RouteRecorder.Steps.AS_RUN, 1 << 20, new int[] {5}, new int[] {900}, new int[] {77}, new int[] {1234}).trace();
        RouteTrace cut = record(RouteRecorder.Steps.TOKEN_BY_TOKEN, 1 << 20, new int[] {5, 900, 77}, new int[] {1234}).trace();
        RouteTrace run = record(RouteRecorder.Steps.AS_RUN, 1 << 20, new int[] {5, 900, 77}, new int[] {1234}).trace();
        assertThat(one.layers()).hasSize(6).allSatisfy(layer -> assertThat(layer.chosen()).isEqualTo(2));
        assertThat(one.stepTokens()).containsExactly(1, 1, 1, 1).isEqualTo(cut.stepTokens());
        assertThat(run.stepTokens()).containsExactly(3, 1);
        for (int layer = 0; layer < 6; layer++) {
            assertThat(cut.choices(layer)).isEqualTo(one.choices(layer)).isEqualTo(run.choices(layer));
        }
    }

    @Test
    void aFullTraceStopsAndSaysSo() {
        // 6 layers × 2 experts × 2 bytes per token.
        RouteRecorder recorder = record(RouteRecorder.Steps.AS_RUN, 3 * 24, new int[] {5, 900, 77}, new int[] {1234});
        assertThat(recorder.complete()).isFalse();
        assertThat(recorder.trace().stepTokens()).containsExactly(3);
        assertThat(record(RouteRecorder.Steps.AS_RUN, 4 * 24, new int[] {5, 900, 77}, new int[] {1234}).complete()).isTrue();
    }

    /** What a bounded mode left out was not asked of the store, so no policy is told of it. */
    @Test
    void whatWasLeftOutIsNoNeed(@TempDir Path folder) {
        try (Model whole = Model.open(WREN); Workers workers = new Workers(1)) {
            StreamPlan plan = StreamPlan.of(whole.spec(), whole.weights(), whole.checkpoint());
            StreamedExperts store = StreamedExperts.open(plan, 20, new LeastRecentlyUsed(plan.numbers()), StreamedExperts.Reading.usual());
            try (Model model = whole.withExperts(store, DirectFile::open)) {
                BoundedRoutes routes = BoundedRoutes.deciding(model.spec(), new Mode.SkipMisses(1), model.experts(), Optional.empty());
                Decoder decoder = new Decoder(model, workers, RunParts.of(model, new ExactProducts()).routes(Optional.of(routes)));
                RouteRecorder chosen = new RouteRecorder(model.spec(), RouteRecorder.Steps.AS_RUN, 1 << 20);
                RouteRecorder computed = new RouteRecorder(model.spec(), RouteRecorder.Steps.AS_RUN, RouteRecorder.Experts.COMPUTED, 1 << 20);
                KvCache cache = decoder.newCache(40);
                for (int token = 100; token < 140; token++) {
                    decoder.last(List.of(new Decoder.Chunk(cache, new int[] {token})), new Both(chosen, computed));
                }
                Replay.Result needs = Replay.of(computed.trace(), 20, new Belady(computed.trace()));
                assertThat(Replay.of(chosen.trace(), 20, new Belady(chosen.trace())).requests()).isEqualTo(40 * 6 * 2);
                assertThat(needs.requests()).isEqualTo(store.statistics().requests()).isEqualTo(Math.round(40 * 12 * (1 - routes.changedShare())))
                        .isLessThan(40 * 6 * 2);
                assertThat(store.statistics().hits()).isLessThanOrEqualTo(needs.hits());
                assertThat(IntStream.range(0, 40).mapToObj(token -> computed.trace().chosen(3, token)[1])).contains(-1);
                assertThatThrownBy(() -> TraceFile.write(folder.resolve("trace"), computed.trace())).isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("lacks experts");
            }
        }
    }

    private record Both(RouteRecorder chosen, RouteRecorder computed) implements RouterListener {
        @Override
        public void routed(int layer, Routing routing) {
            chosen.routed(layer, routing);
            computed.routed(layer, routing);
        }

        @Override
        public void computed(int layer, Routing routing) {
            chosen.computed(layer, routing);
            computed.computed(layer, routing);
        }
    }
}
