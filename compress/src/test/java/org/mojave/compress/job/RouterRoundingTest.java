package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.compress.recipe.Affinity;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.recipe.Transformation;
import org.mojave.compress.report.Report;
import org.mojave.compress.report.RouterResult;
import org.mojave.compress.smooth.SmoothingMode;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.run.Model;
import org.mojave.format.packed.Scheme;
import org.mojave.testkit.Goldens;

/** Routers rounded with calibrated ranges, in a job. */
class RouterRoundingTest {
    private static final int BITS = 4;

    @TempDir
    Path folder;

    private JobRequest request(String golden, String output, int threads, boolean smooth) {
        Optional<SmoothingMode> smoothing = smooth ? Optional.of(SmoothingMode.DEFAULT) : Optional.empty();
        Recipe recipe = GoldenJobs.recipe(Method.GPTQ, "3g32a").with(new Transformation(smoothing, 0.6, false, false,
                Optional.of(new Transformation.RouterRounding(BITS, 0.5)), Optional.empty()));
        JobRequest request = GoldenJobs.request(Goldens.ofRepository().model(golden), folder.resolve(output), recipe);
        return new JobRequest(request.model(), request.output(), recipe, request.tokens(), List.of(), new JobRequest.Limits(0, threads, false, false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2_moe", "gpt_oss", "deepseek_v3", "mixtral_bf16_sharded"})
    void everyRowLiesOnAGridAndTheReportTellsTheAgreement(String golden) {
        JobRequest request = request(golden, "out", 2, golden.equals("qwen2_moe"));
        Report report = CompressionJob.run(request, JobListener.NONE);
        try (Model written = Model.open(request.output())) {
            List<MatrixId> routers = written.spec().matrices().stream().filter(id -> id.role() == MatrixRole.ROUTER).toList();
            assertThat(report.routers()).extracting(RouterResult::router).containsExactlyElementsOf(routers.stream().map(MatrixId::name).toList());
            assertThat(report.routers()).anyMatch(RouterResult::repaired);
            for (MatrixId id : routers) {
                Matrix router = written.weights().matrix(id);
                assertThat(router.storage()).isEqualTo("f32");
                float[] row = new float[router.columns()];
                for (int e = 0; e < router.rows(); e++) {
                    router.decode(e, 1, row, 0);
                    TreeSet<Float> values = new TreeSet<>();
                    for (float value : row) {
                        values.add(value);
                    }
                    assertThat(values).as(id.name()).hasSizeBetween(2, 1 << BITS);
                }
            }
            for (RouterResult result : report.routers()) {
                assertThat(result.after().divergence() < result.before().divergence()).isEqualTo(result.repaired());
            }
            double before = report.routers().stream().mapToDouble(r -> r.before().divergence()).sum();
            double written4 = report.routers().stream().mapToDouble(r -> Math.min(r.after().divergence(), r.before().divergence())).sum();
            assertThat(written4).isLessThan(before);
        }
    }

    @Test
    void threadsChangeNothing() throws IOException {
        CompressionJob.run(request("qwen2_moe", "one", 1, true), JobListener.NONE);
        CompressionJob.run(request("qwen2_moe", "three", 3, true), JobListener.NONE);
        assertThat(GoldenJobs.contents(folder.resolve("one"))).isEqualTo(GoldenJobs.contents(folder.resolve("three")));
    }

    @Test
    void repairAndRoundingExcludeEachOther() {
        Recipe repairing = new Recipe(Method.GPTQ, Scheme.parse("4g32a"), 8, CalibrationWish.DEFAULT, new Fitting(true, Affinity.NONE, 0.25, 0.01, 1), 0);
        assertThatThrownBy(() -> repairing.with(new Transformation(Optional.empty(), 0.6, false, false,
                Optional.of(new Transformation.RouterRounding(8, 0)), Optional.empty()))).isInstanceOf(RecipeException.class)
                .hasMessageContaining("--router-damping").hasMessageContaining("--router-bits");
    }
}
