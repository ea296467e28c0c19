package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.recipe.Target;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.report.Report;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

/** Jobs that are given a size. */
class TargetJobTest {
    @TempDir
    Path folder;

    private final GoldenModel golden = Goldens.ofRepository().model("qwen2_moe");

    private JobRequest request(String output, Target target) {
        return GoldenJobs.request(golden, folder.resolve(output), Recipe.of(target, CalibrationWish.DEFAULT, Fitting.DEFAULT, 0));
    }

    private long uniformBytes(String scheme) {
        return CompressionJob.plan(GoldenJobs.request(golden, folder, GoldenJobs.recipe(Method.GPTQ, scheme)), JobListener.NONE).bytes();
    }

    @Test
    void theResultIsWhatWasPlannedAndFillsTheTarget() {
        long target = uniformBytes("3g64a");
        PlanSummary plan = CompressionJob.plan(request("out", new Target.Bytes(target)), JobListener.NONE);
        assertThat(plan.bytes()).isBetween(target * 995 / 1000, target);
        assertThat(plan.estimate()).isPresent();
        assertThat(plan.estimate().getAsDouble()).isPositive();
        Report report = CompressionJob.run(request("out", new Target.Bytes(target)), JobListener.NONE);
        assertThat(report.result().bytes()).isEqualTo(plan.bytes());
        assertThat(report.matrices().stream().map(MatrixResult::storage).collect(Collectors.toSet())).hasSizeGreaterThan(2);
        assertThat(report.recipe().path("target").asString()).isEqualTo(target + "bytes");
    }

    @Test
    void moreBitsGiveASmallerEstimate() {
        double last = Double.POSITIVE_INFINITY;
        long parameters = CompressionJob.plan(request("out", new Target.Bytes(uniformBytes("8g64a"))), JobListener.NONE).parameters();
        for (String scheme : List.of("2g64a", "4g64a")) {
            double bits = uniformBytes(scheme) * 8.0 / parameters;
            PlanSummary plan = CompressionJob.plan(request("out", new Target.Bits(bits)), JobListener.NONE);
            assertThat(plan.bitsPerWeight()).isBetween(bits * 0.995, bits);
            assertThat(plan.estimate().getAsDouble()).isLessThan(last);
            last = plan.estimate().getAsDouble();
        }
    }

    @Test
    void anInterruptedJobKeepsItsPlan() throws IOException {
        Target target = new Target.Bytes(uniformBytes("3g64a"));
        CompressionJob.run(request("whole", target), JobListener.NONE);
        List<String> stages = new ArrayList<>();
        assertThatThrownBy(() -> CompressionJob.run(request("broken", target), new Stopping(stages, "layers.1.experts.0.gate")))
                .isInstanceOf(Stopped.class);
        assertThat(stages).contains("weigh");
        stages.clear();
        CompressionJob.run(request("broken", target), new Stopping(stages, "never"));
        assertThat(stages).doesNotContain("weigh").contains("quantize", "verify");
        assertThat(GoldenJobs.contents(folder.resolve("broken"))).isEqualTo(GoldenJobs.contents(folder.resolve("whole")));
    }

    @Test
    void aTargetBelowTheFloorIsToldBeforeAnythingIsWeighed() {
        List<String> stages = new ArrayList<>();
        assertThatThrownBy(() -> CompressionJob.run(request("out", new Target.Bits(0.5)), new Stopping(stages, "never")))
                .isInstanceOf(RecipeException.class)
                .hasMessageMatching("--target-bits 0.5 is too small for this model: the smallest plan has [\\d.]+ bits per weight \\(\\d+ bytes\\)");
        assertThat(stages).isEmpty();
    }

    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private record Stopping(List<String> stages, String matrix) implements JobListener {
        @Override
        public void started(String stage, long total) {
            stages.add(stage);
        }

        @Override
        public void advanced(long amount, String place) {
            if (place.equals(matrix)) {
                throw new Stopped();
            }
        }

        @Override
        public void raised(JobEvent event) {}
    }
}
