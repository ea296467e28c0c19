package org.mojave.engine.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.Model;

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
}
