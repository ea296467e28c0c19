package org.mojave.engine.forecast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.ActiveBytes;
import org.mojave.engine.run.Model;
import org.mojave.engine.stream.ReadSpeed;
import org.mojave.engine.stream.StreamPlan;
import org.mojave.engine.stream.StreamedExperts;
import org.mojave.engine.trace.Replay;

final class TokenForecastTest {
    /** 1 GB/s of memory; 10 ms a token, of which 8 experts take 80 %: 1 ms each. */
    private static final TokenForecast.Machine MACHINE = new TokenForecast.Machine(1e9, new DecodeSpeed(10e6));
    private static final TokenForecast.Token TOKEN = new TokenForecast.Token(new ActiveBytes(2_000, 8_000), 500_000, 8);
    private static final ReadSpeed DISK = new ReadSpeed(100_000, 1e8, true);

    @Test
    void residentIsComputingAndLookingBack() {
        TokenForecast forecast = TokenForecast.resident(MACHINE, TOKEN);
        assertThat(forecast.tokensPerSecond()).isCloseTo(1000 / 10.5, within(1e-6));
        assertThat(forecast.overlappedTokensPerSecond()).isEqualTo(forecast.tokensPerSecond());
        assertThat(forecast.diskBound()).isFalse();
    }

    /** Two layers of 4 experts, 10 tokens: 6 layers miss one, 4 miss three. By hand from the formula, an expert being 200 kB. */
    @Test
    void layersWaitForWhatComputingDoesNotHide() {
        Replay.Result replay = new Replay.Result("by hand", 80, 80 - 18, 10, List.of(10L, 6L, 0L, 4L));
        TokenForecast forecast = TokenForecast.streamed(MACHINE, TOKEN, DISK, 200_000, replay);
        double one = Math.max(0, 0.1 + 2 + 1 - 4);
        double three = 0.1 + 6 + 1 - 4;
        assertThat(forecast.stallNanos() / 1e6).isCloseTo((6 * one + 4 * three) / 10, within(1e-9));
        assertThat(forecast.bytesRead()).isCloseTo(1.8 * 200_000, within(1e-6));
        assertThat(forecast.computeNanos() / 1e6).isCloseTo(10.5 + 0.36, within(1e-9));
        assertThat(forecast.readNanos() / 1e6).isCloseTo(3.6, within(1e-9));
        assertThat(forecast.hitRate()).isCloseTo(62 / 80.0, within(1e-12));
        assertThat(forecast.overlappedTokensPerSecond()).isCloseTo(1000 / 10.86, within(1e-6));
        assertThat(forecast.tokensPerSecond()).isCloseTo(1000 / (10.86 + 1.24), within(1e-6));
    }

    /** Measuring means something: a token of a real model takes time, and reading an expert too. */
    @Test
    void measuresThisMachine() {
        Path wren = Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe");
        try (Model model = Model.open(wren); Workers workers = new Workers(2)) {
            DecodeSpeed.Timing timing = new DecodeSpeed.Timing(Duration.ofMillis(50), Duration.ofMillis(50));
            assertThat(DecodeSpeed.measure(model, workers, ProductPath.vectors(), 6, timing).nanosPerToken()).isBetween(1e4, 5e9);
            StreamPlan plan = StreamPlan.of(model.spec(), model.weights(), model.checkpoint());
            ReadSpeed disk = ReadSpeed.measure(plan, StreamedExperts.Reading.usual(), 3);
            assertThat(disk.bytesPerSecond()).isBetween(1e5, 1e12);
            assertThat(disk.nanos(2, 2e6)).isEqualTo(disk.startNanos() + 2e6 / disk.bytesPerSecond() * 1e9);
            assertThat(disk.nanos(0, 0)).isZero();
            assertThat(new ReadSpeed(2, 3e9, true).meanWith(new ReadSpeed(4, 1e9, true))).as("half the time each").isEqualTo(new ReadSpeed(3, 1.5e9, true));
            assertThat(plan.expertBytes()).isBetween(plan.slotBytes() * 0.9, (double) plan.slotBytes());
        }
    }
}
