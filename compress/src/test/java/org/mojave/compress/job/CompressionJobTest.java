package org.mojave.compress.job;

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
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.Moments;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.ResourceException;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.report.Report;
import org.mojave.engine.run.Model;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;
import tools.jackson.databind.JsonNode;

class CompressionJobTest {
    private static final Recipe RECIPE = GoldenJobs.recipe(Method.GPTQ, "3g32a");

    @TempDir
    Path folder;

    private final GoldenModel golden = Goldens.ofRepository().model("qwen2_moe");

    private JobRequest request(String output) {
        return GoldenJobs.request(golden, folder.resolve(output), RECIPE);
    }

    private static JobRequest limited(JobRequest request, int threads, boolean strict) {
        return new JobRequest(request.model(), request.output(), request.recipe(), request.tokens(), List.of(),
                new JobRequest.Limits(0, threads, strict, false));
    }

    @Test
    void memoryAndThreadsChangeNothing() throws IOException {
        JobRequest plenty = limited(request("plenty"), 1, false);
        CompressionJob.run(plenty, JobListener.NONE);
        JobRequest tight = limited(request("tight"), 3, false);
        long hessians = 0;
        long largest = 0;
        try (Preparation preparation = Preparation.of(tight, Optional.empty(), JobListener.NONE)) {
            for (InputGroup group : InputGroup.of(preparation.plan().quantized(1), InputGroup.Step.NETWORK_INPUT)) {
                hessians += Moments.bytes(group, RECIPE.fitting());
                largest = Math.max(largest, Moments.bytes(group, RECIPE.fitting()));
            }
        }
        assertThat(hessians).as("room for one Hessian means several passes").isGreaterThan(2 * largest);
        GoldenJobs.requireLeastMemoryGives(plenty.output(), tight);
    }

    @Test
    void tooLittleMemoryIsToldBeforehand() {
        JobRequest request = request("out");
        JobRequest poor = new JobRequest(request.model(), request.output(), request.recipe(), request.tokens(), List.of(),
                new JobRequest.Limits(300_001_000, 1, false, false));
        assertThatThrownBy(() -> CompressionJob.run(poor, JobListener.NONE)).isInstanceOf(ResourceException.class)
                .hasMessageMatching("this model needs at least --memory 3\\d\\dMB \\(.*\\); given are 300.0 MB");
    }

    @Test
    void anExpertWithoutTokensBorrowsTheLayersInputs() {
        TokenSequences few = new TokenSequences(List.of(new int[] {1, 2, 3}));
        JobRequest request = request("few");
        Report report = CompressionJob.run(new JobRequest(request.model(), request.output(), RECIPE, Optional.of(few), List.of(),
                request.limits()), JobListener.NONE);
        assertThat(report.matrices()).filteredOn(m -> m.matrix().contains(".experts.") && m.tokens() == 0).isNotEmpty().allSatisfy(m -> {
            assertThat(m.state()).isEqualTo("gptq");
            assertThat(m.events()).contains(new JobEvent.InputsBorrowed(m.matrix()));
            assertThat(m.evidence().borrowed()).isEqualTo(1);
            assertThat(m.error()).isBetween(1e-4, 0.1);
        });
        assertThat(report.matrices()).filteredOn(m -> m.matrix().contains(".experts.") && m.tokens() > 0).isNotEmpty().allSatisfy(m -> {
            assertThat(m.evidence().borrowed()).isBetween(0.5, 1.0);
            assertThat(m.evidence().affinity()).isBetween(0.0, (double) m.tokens());
            assertThat(m.evidence().squaredAffinity()).isLessThan(m.evidence().affinity());
        });
    }

    @Test
    void anExpertWithoutTokensIsRoundedListedAndNeverZeroed() throws IOException {
        Recipe plain = new Recipe(Method.GPTQ, RECIPE.scheme(), 8, RECIPE.calibration(), Fitting.PLAIN, 0);
        TokenSequences few = new TokenSequences(List.of(new int[] {1, 2, 3}));
        JobRequest request = request("few");
        JobRequest brief = new JobRequest(request.model(), request.output(), plain, Optional.of(few), List.of(), request.limits());
        List<JobEvent> heard = new ArrayList<>();
        Report report = CompressionJob.run(brief, listener(heard));
        List<MatrixResult> unseen = report.matrices().stream().filter(m -> m.matrix().contains(".experts.") && m.tokens() == 0).toList();
        assertThat(unseen).isNotEmpty().allSatisfy(m -> {
            assertThat(m.state()).isEqualTo("rtn");
            assertThat(m.events()).contains(new JobEvent.NoTokens(m.matrix()));
            assertThat(m.error()).isBetween(1e-4, 0.1);
        });
        assertThat(heard).containsAll(unseen.stream().map(m -> new JobEvent.NoTokens(m.matrix())).toList());
        assertThat(report.events()).containsAll(heard);
        JsonNode json = Checkpoint.readJson(request.output().resolve("report.json"));
        assertThat(json.path("events").findValuesAsString("kind")).contains("no_tokens");
        assertThat(json.path("matrices").size()).isEqualTo(report.matrices().size());
        try (Model model = Model.open(request.output())) {
            float[] row = new float[64];
            for (var id : model.spec().matrices()) {
                if (unseen.stream().anyMatch(m -> m.matrix().equals(id.name())) && model.weights().matrix(id).columns() == row.length) {
                    model.weights().matrix(id).decode(0, 1, row, 0);
                    assertThat(row).isNotEqualTo(new float[row.length]);
                }
            }
        }
        JobRequest strict = new JobRequest(request.model(), folder.resolve("strict"), plain, Optional.of(few), List.of(),
                new JobRequest.Limits(0, 1, true, false));
        assertThatThrownBy(() -> CompressionJob.run(strict, JobListener.NONE)).isInstanceOf(VerificationException.class)
                .hasMessageContaining("no calibration token").hasMessageContaining("--strict");
        assertThat(folder.resolve("strict")).doesNotExist();
        assertThat(folder.resolve("strict.partial")).as("known before the work").doesNotExist();
    }

    @Test
    void onlyRoutedTokensCount() {
        Report report = CompressionJob.run(request("out"), JobListener.NONE);
        int tokens = 24 * 24;
        long chosen = 0;
        for (MatrixResult matrix : report.matrices()) {
            if (matrix.matrix().matches("layers\\.1\\.experts\\.\\d+\\.gate")) {
                chosen += matrix.tokens();
            } else if (matrix.matrix().matches("layers\\.1\\.(query|output|shared_down)")) {
                assertThat(matrix.tokens()).isEqualTo(tokens);
            }
        }
        try (Model model = Model.open(golden.folder())) {
            assertThat(chosen).isEqualTo((long) tokens * model.spec().mixture(1).router().chosen());
        }
        assertThat(report.matrices()).filteredOn(m -> m.matrix().endsWith("router")).allMatch(m -> m.state().equals("kept"));
        assertThat(report.matrices()).filteredOn(m -> m.state().equals("gptq")).allMatch(m -> m.error() > 0 && m.error() < 0.2);
    }

    @Test
    void keepsTheVocabularyOnRequest() throws IOException {
        Recipe keep = new Recipe(Method.RTN, RECIPE.scheme(), Recipe.KEEP, RECIPE.calibration(), 0);
        JobRequest request = new JobRequest(golden.folder(), folder.resolve("out"), keep, Optional.empty(), List.of(),
                new JobRequest.Limits(0, 2, false, false));
        Report report = CompressionJob.run(request, JobListener.NONE);
        assertThat(report.matrices()).filteredOn(m -> m.matrix().equals("embedding") || m.matrix().equals("head")).hasSize(2)
                .allMatch(m -> m.state().equals("kept") && m.storage().equals("f32"));
        assertThat(Files.exists(request.output().resolve("config.json"))).isTrue();
    }

    private static JobListener listener(List<JobEvent> heard) {
        return new JobListener() {
            @Override
            public void started(String stage, long total) {}

            @Override
            public void advanced(long amount, String place) {}

            @Override
            public void raised(JobEvent event) {
                heard.add(event);
            }
        };
    }
}
