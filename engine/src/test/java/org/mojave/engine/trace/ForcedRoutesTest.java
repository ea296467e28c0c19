package org.mojave.engine.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RunParts;

final class ForcedRoutesTest {
    private static final Path WREN = Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe");

    /** Runs 5 + 1 + 1 … tokens and records what the layers took. */
    private static RouteTrace run(Model model, Workers workers, Optional<ForcedRoutes> routes, List<float[]> logits) {
        RunParts parts = RunParts.of(new ExactProducts());
        Decoder decoder = new Decoder(model, workers, routes.isPresent() ? parts.routes(Optional.of(routes.get())) : parts);
        KvCache cache = decoder.newCache(20);
        RouteRecorder recorder = new RouteRecorder(model.spec(), RouteRecorder.Steps.AS_RUN, 1 << 20);
        logits.addAll(decoder.last(List.of(new Decoder.Chunk(cache, new int[] {3, 1, 4, 1, 5})), recorder));
        for (int token = 9; token < 14; token++) {
            logits.addAll(decoder.last(List.of(new Decoder.Chunk(cache, new int[] {token})), recorder));
        }
        return recorder.trace();
    }

    @Test
    void theModelTakesTheGivenRoutesAndBeginsAnewAtTheirEnd() {
        try (Model model = Model.open(WREN); Workers workers = new Workers(2)) {
            RouteTrace given = SyntheticRoutes.zipf(RouteRecorder.layers(model.spec()), new SyntheticRoutes.Law(0, 0), 7, new SplittableRandom(5));
            RouteTrace taken = run(model, workers, Optional.of(new ForcedRoutes(given)), new ArrayList<>());
            assertThat(taken.tokens()).isEqualTo(10);
            for (int layer = 0; layer < given.layers().size(); layer++) {
                for (int t = 0; t < 10; t++) {
                    assertThat(taken.chosen(layer, t)).as("layer %d, token %d", layer, t).isEqualTo(given.chosen(layer, t % 7));
                }
            }
        }
    }

    /** Forcing what the routers chose anyway, with the weights that they gave, changes no bit. */
    @Test
    void itsOwnRoutesChangeNothing() {
        try (Model model = Model.open(WREN); Workers workers = new Workers(2)) {
            List<float[]> free = new ArrayList<>();
            List<float[]> forced = new ArrayList<>();
            RouteTrace own = run(model, workers, Optional.empty(), free);
            run(model, workers, Optional.of(new ForcedRoutes(own)), forced);
            assertThat(forced).hasSameSizeAs(free);
            for (int i = 0; i < free.size(); i++) {
                assertThat(forced.get(i)).isEqualTo(free.get(i));
            }
        }
    }

    @Test
    void routesOfAnotherModelAreRefused() {
        try (Model model = Model.open(WREN); Workers workers = new Workers(1)) {
            RouteTrace other = SyntheticRoutes.zipf(List.of(new RouteTrace.Layer(0, 16, 3)), new SyntheticRoutes.Law(0, 0), 7, new SplittableRandom(5));
            assertThatThrownBy(() -> run(model, workers, Optional.of(new ForcedRoutes(other)), new ArrayList<>()))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("layer 0");
        }
    }
}
