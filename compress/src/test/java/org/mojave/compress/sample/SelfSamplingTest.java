package org.mojave.compress.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.compress.calibrate.TokenFile;
import org.mojave.compress.plan.ResourceException;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.statistics.ExpertHistogram;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.Model;

class SelfSamplingTest {
    private static final Path WREN = Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe");
    private static final BeamSettings SETTINGS = new BeamSettings(24, 4, 1.2, 4, 3);
    private static final long PLENTY = 1L << 30;

    @TempDir
    Path folder;

    private SamplingRequest request(String output, int threads) {
        return new SamplingRequest(WREN, folder.resolve(output), SETTINGS, 5, 2, 7, new SamplingRequest.Limits(PLENTY, threads, false));
    }

    /** What a forward pass over a whole sequence says of it. */
    private record Checked(double logProbability, ExpertHistogram use) {}

    private static Checked check(Model model, Workers workers, int[] tokens) {
        int layers = model.spec().layers().size();
        int experts = model.spec().mixture(0).router().experts();
        int[] counts = new int[layers * experts];
        double[] sum = new double[1];
        Decoder decoder = new Decoder(model, workers);
        decoder.all(List.of(new Decoder.Chunk(decoder.newCache(tokens.length), tokens)), (_, first, rows, logits) -> {
            for (int r = 0; r < rows && first + r + 1 < tokens.length; r++) {
                double normalizer = 0;
                for (int v = 0; v < model.vocabularySize(); v++) {
                    normalizer += Math.exp(logits[r * model.vocabularySize() + v]);
                }
                sum[0] += logits[r * model.vocabularySize() + tokens[first + r + 1]] - Math.log(normalizer);
            }
        }, (layer, routing) -> {
            for (int i = 0; i < routing.tokens() * routing.chosen(); i++) {
                counts[layer * experts + routing.experts()[i]]++;
            }
        });
        return new Checked(sum[0], new ExpertHistogram(layers, experts, counts));
    }

    @Test
    void probabilityAndUseAreThoseOfAForwardPass() {
        TokenFile file = SelfSampling.run(request("a.json", 2), SamplingListener.NONE);
        assertThat(file.sequences()).hasSize(5);
        try (Model model = Model.open(WREN); Workers workers = new Workers(2)) {
            ExpertHistogram all = ExpertHistogram.empty(6, 16);
            for (TokenFile.Sequence sequence : file.sequences()) {
                assertThat(sequence.tokens()).hasSize(24).doesNotContain(4095);
                Checked checked = check(model, workers, sequence.tokens());
                assertThat(sequence.logProbability()).isCloseTo(checked.logProbability(), Offset.offset(1e-3));
                assertThat(sequence.imbalance()).isCloseTo(checked.use().imbalance(), Offset.offset(2e-3));
                all = all.plus(checked.use());
            }
            assertThat(file.experts().imbalance()).isCloseTo(all.imbalance(), Offset.offset(1e-3));
            assertThat(file.perplexity()).isBetween(1.5, 15.0);
        }
        assertThat(file.sequences().stream().map(s -> s.tokens()[0]).distinct().count()).isEqualTo(5);
    }

    @Test
    void threadsAndInterruptionsChangeNothing() throws IOException {
        SelfSampling.run(request("whole.json", 1), SamplingListener.NONE);
        SamplingRequest stopped = request("stopped.json", 2);
        int[] steps = new int[1];
        SamplingListener stopping = new SamplingListener() {
            @Override
            public void started(long tokens, long done) {}

            @Override
            public void advanced(long tokens) {
                if (++steps[0] == 30) {
                    throw new IllegalStateException("stop in the second group");
                }
            }
        };
        assertThatThrownBy(() -> SelfSampling.run(stopped, stopping)).hasMessageContaining("second group");
        assertThat(stopped.output()).doesNotExist();
        long[] done = new long[1];
        SelfSampling.run(stopped, new SamplingListener() {
            @Override
            public void started(long tokens, long already) {
                done[0] = already;
            }

            @Override
            public void advanced(long tokens) {}
        });
        assertThat(done[0]).isEqualTo(2 * 24);
        assertThat(Files.readAllBytes(stopped.output())).isEqualTo(Files.readAllBytes(folder.resolve("whole.json")));
        assertThat(folder.resolve("stopped.json.journal")).doesNotExist();
    }

    @Test
    void aJournalThatEndsWithinAGroupIsFilledUp() throws IOException {
        SelfSampling.run(request("whole.json", 2), SamplingListener.NONE);
        SamplingRequest stopped = request("stopped.json", 2);
        assertThatThrownBy(() -> SelfSampling.run(stopped, failingAt(50))).hasMessageContaining("stop");
        Path journal = folder.resolve("stopped.json.journal");
        List<String> lines = Files.readAllLines(journal);
        assertThat(lines).hasSize(1 + 4);
        Files.writeString(journal, String.join("\n", lines.subList(0, 4)) + "\n" + lines.get(4).substring(0, 40));
        SelfSampling.run(stopped, SamplingListener.NONE);
        assertThat(Files.readAllBytes(stopped.output())).isEqualTo(Files.readAllBytes(folder.resolve("whole.json")));
    }

    private static SamplingListener failingAt(int step) {
        int[] steps = new int[1];
        return new SamplingListener() {
            @Override
            public void started(long tokens, long done) {}

            @Override
            public void advanced(long tokens) {
                if (++steps[0] == step) {
                    throw new IllegalStateException("stop");
                }
            }
        };
    }

    @Test
    void whatCannotBeDoneIsToldInOneLine() {
        SamplingRequest request = request("a.json", 2);
        assertThatThrownBy(() -> SelfSampling.run(request, failingAt(1))).hasMessage("stop");
        SamplingRequest other = new SamplingRequest(WREN, request.output(), SETTINGS, 5, 2, 8, request.limits());
        assertThatThrownBy(() -> SelfSampling.run(other, SamplingListener.NONE)).isInstanceOf(RecipeException.class)
                .hasMessageContaining("a.json.journal").hasMessageContaining("--overwrite");
        SamplingRequest poor = new SamplingRequest(WREN, folder.resolve("b.json"), SETTINGS, 100, 100, 7,
                new SamplingRequest.Limits(10_000_000, 1, false));
        assertThatThrownBy(() -> SelfSampling.run(poor, SamplingListener.NONE)).isInstanceOf(ResourceException.class)
                .hasMessageContaining("--together");
        SamplingRequest tooLong = new SamplingRequest(WREN, folder.resolve("b.json"), new BeamSettings(2000, 4, 1.2, 4, 3), 1, 1, 7,
                request.limits());
        assertThatThrownBy(() -> SelfSampling.run(tooLong, SamplingListener.NONE)).isInstanceOf(RecipeException.class)
                .hasMessageContaining("1024");
        assertThat(folder.resolve("b.json")).doesNotExist();
        assertThatThrownBy(() -> new BeamSettings(512, 4, 0, 4, 3)).isInstanceOf(RecipeException.class).hasMessageContaining("--tau");
    }
}
