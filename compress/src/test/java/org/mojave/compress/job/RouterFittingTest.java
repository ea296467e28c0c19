package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.recipe.Affinity;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.Report;
import org.mojave.compress.report.RouterResult;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.TensorData;
import org.mojave.testkit.Goldens;

class RouterFittingTest {
    private static final Recipe RECIPE = new Recipe(Method.GPTQ, Scheme.parse("2g32a"), 8, CalibrationWish.DEFAULT,
            new Fitting(true, Affinity.NONE, 0.25, 0.01, 1), 0);

    @TempDir
    Path folder;

    private JobRequest request(String golden, String output, int threads) {
        JobRequest request = GoldenJobs.request(Goldens.ofRepository().model(golden), folder.resolve(output), RECIPE);
        return new JobRequest(request.model(), request.output(), RECIPE, request.tokens(), List.of(),
                new JobRequest.Limits(0, threads, false, false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2_moe", "gpt_oss", "deepseek_v3", "mixtral_bf16_sharded"})
    void writesARouterThatAgreesMoreAndLeavesTheOthersAlone(String golden) {
        JobRequest request = request(golden, "out", 2);
        Report report = CompressionJob.run(request, JobListener.NONE);
        try (SourceModel source = SourceModel.open(request.model()); Checkpoint written = Checkpoint.open(request.output())) {
            List<MatrixId> routers = source.spec().matrices().stream().filter(id -> id.role() == MatrixRole.ROUTER).toList();
            assertThat(report.routers()).extracting(RouterResult::router).containsExactlyElementsOf(routers.stream().map(MatrixId::name).toList());
            assertThat(report.routers()).anyMatch(RouterResult::repaired);
            for (int i = 0; i < routers.size(); i++) {
                RouterResult result = report.routers().get(i);
                TensorData original = source.checkpoint().tensor(source.names().matrix(routers.get(i)).tensor());
                TensorData copy = written.tensor(original.name());
                assertThat(copy.type()).isEqualTo(original.type());
                assertThat(copy.shape()).isEqualTo(original.shape());
                assertThat(copy.bytes().mismatch(original.bytes()) >= 0).as(result.router()).isEqualTo(result.repaired());
                assertThat(result.after().divergence() < result.before().divergence()).as(result.router()).isEqualTo(result.repaired());
                assertThat(result.before().divergence()).as(result.router()).isPositive();
                assertThat(result.tokens()).isEqualTo(24L * Goldens.ofRepository().model(golden).inputs()[0].length);
            }
        }
    }

    @Test
    void threadsAndInterruptionsChangeNothing() throws IOException {
        JobRequest whole = request("qwen2_moe", "whole", 1);
        Report uninterrupted = CompressionJob.run(whole, JobListener.NONE);
        JobRequest broken = request("qwen2_moe", "broken", 3);
        assertThatThrownBy(() -> CompressionJob.run(broken, new JobListener() {
            @Override
            public void started(String stage, long total) {}

            @Override
            public void advanced(long amount, String place) {
                if (place.startsWith("layers.1.experts")) {
                    throw new IllegalStateException("interrupted");
                }
            }

            @Override
            public void raised(JobEvent event) {}
        })).hasMessage("interrupted");
        Report resumed = CompressionJob.run(broken, JobListener.NONE);
        assertThat(GoldenJobs.contents(broken.output())).isEqualTo(GoldenJobs.contents(whole.output()));
        assertThat(resumed.routers()).isEqualTo(uninterrupted.routers());
    }
}
