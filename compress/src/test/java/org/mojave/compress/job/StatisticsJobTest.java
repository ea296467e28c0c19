package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.compress.calibrate.StatisticsHeader;
import org.mojave.compress.calibrate.StatisticsMerge;
import org.mojave.compress.calibrate.StoredMoments;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.recipe.Affinity;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.report.Report;
import org.mojave.compress.statistics.ExpertStatistics;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.packed.Scheme;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

class StatisticsJobTest {
    @TempDir
    Path folder;

    private final GoldenModel golden = Goldens.ofRepository().model("qwen2_moe");

    private static Recipe recipe(int power, double shrinkage) {
        return new Recipe(Method.GPTQ, Scheme.parse("3g32a"), Recipe.KEEP, CalibrationWish.DEFAULT, new Fitting(false, Affinity.power(power), shrinkage, 0, 0), 0);
    }

    private JobRequest request(String output, int power, TokenSequences tokens, int threads) {
        return new JobRequest(golden.folder(), folder.resolve(output), recipe(power, 0), Optional.of(tokens), List.of(),
                new JobRequest.Limits(0, threads, false, false));
    }

    private TokenSequences part(int from, int to) {
        return new TokenSequences(GoldenJobs.tokens(golden, 24).sequences().subList(from, to));
    }

    @Test
    void twoHalvesMakeAWhole() {
        for (int power = 0; power < 3; power++) {
            StatisticsJob.run(request("a" + power, power, part(0, 10), 2), JobListener.NONE);
            StatisticsJob.run(request("b" + power, power, part(10, 24), 2), JobListener.NONE);
            StatisticsJob.run(request("whole" + power, power, part(0, 24), 2), JobListener.NONE);
            Path merged = folder.resolve("merged" + power);
            StatisticsHeader header = StatisticsMerge.merge(List.of(folder.resolve("a" + power), folder.resolve("b" + power)), merged);
            assertThat(header.sequences()).isEqualTo(24);
            try (StoredMoments sum = StoredMoments.open(merged, false); StoredMoments whole = StoredMoments.open(folder.resolve("whole" + power), false)) {
                assertThat(sum.groups()).isEqualTo(whole.groups()).contains("layers.1.experts.0.gate", "layers.1.experts.0.down", "layers.0.query");
                for (String name : whole.groups()) {
                    compare(sum.statistics(name), whole.statistics(name), name);
                }
            }
        }
    }

    private static void compare(ExpertStatistics found, ExpertStatistics expected, String name) {
        assertThat(found.counts().tokens()).as(name).isEqualTo(expected.counts().tokens());
        assertThat(found.counts().sum()).as(name).isCloseTo(expected.counts().sum(), Offset.offset(1e-6 * (1 + expected.counts().sum())));
        assertThat(found.weightSum()).as(name).isCloseTo(expected.weightSum(), Offset.offset(1e-6 * (1 + expected.weightSum())));
        assertThat(found.weightSquareSum()).as(name).isCloseTo(expected.weightSquareSum(), Offset.offset(1e-6 * (1 + expected.weightSquareSum())));
        double scale = expected.trace() / expected.columns();
        for (int i = 0; i < expected.hessian().length; i++) {
            assertThat((double) found.hessian()[i]).as(name).isCloseTo(expected.hessian()[i], Offset.offset(1e-5 * scale));
        }
    }

    @Test
    void threadsMemoryAndInterruptionsChangeNothing() throws IOException {
        StatisticsJob.run(request("plenty", 1, part(0, 24), 1), JobListener.NONE);
        JobRequest tight = request("tight", 1, part(0, 24), 3);
        long floor;
        try (Preparation preparation = Preparation.of(tight, Optional.empty(), JobListener.NONE)) {
            floor = Memory.floor(preparation);
        }
        JobListener stopping = new JobListener() {
            private int layers;

            @Override
            public void started(String stage, long total) {}

            @Override
            public void advanced(long amount, String place) {
                if (++layers == 1) {
                    throw new IllegalStateException("stop after a layer");
                }
            }

            @Override
            public void raised(JobEvent event) {}
        };
        assertThatThrownBy(() -> StatisticsJob.run(tight, stopping, floor)).hasMessageContaining("stop after a layer");
        assertThat(tight.output()).doesNotExist();
        assertThatThrownBy(() -> CompressionJob.resume(tight.output(), 1, JobListener.NONE)).isInstanceOf(JobException.class)
                .hasMessageContaining("mojave calibrate");
        JobRequest other = request("tight", 2, part(0, 24), 3);
        assertThatThrownBy(() -> StatisticsJob.run(other, JobListener.NONE)).isInstanceOf(JobException.class).hasMessageContaining("--overwrite");
        StatisticsJob.run(tight, JobListener.NONE, floor);
        assertThat(GoldenJobs.contents(tight.output())).isEqualTo(GoldenJobs.contents(folder.resolve("plenty")));
        assertThat(Files.exists(tight.output().resolve("journal.jsonl"))).isFalse();
    }

    /** The first matrices see the same in both ways; later ones would see what quantized matrices make of the text. */
    @Test
    void compressionUsesThem() {
        StatisticsJob.run(request("stats", 1, part(0, 24), 2), JobListener.NONE);
        JobRequest text = new JobRequest(golden.folder(), folder.resolve("text"), recipe(1, 0.25), Optional.of(part(0, 24)), List.of(),
                new JobRequest.Limits(0, 2, false, false));
        Report byText = CompressionJob.run(text, JobListener.NONE);
        JobRequest stored = new JobRequest(golden.folder(), folder.resolve("stored"), recipe(1, 0.25), Optional.of(folder.resolve("stats")),
                Optional.empty(), List.of(), new JobRequest.Limits(0, 2, false, false));
        Report byStatistics = CompressionJob.run(stored, JobListener.NONE);
        assertThat(byStatistics.calibration().orElseThrow().tokens()).isEqualTo(24L * 24);
        try (Checkpoint a = Checkpoint.open(text.output()); Checkpoint b = Checkpoint.open(stored.output())) {
            assertThat(a.tensor("layers.0.query").bytes().mismatch(b.tensor("layers.0.query").bytes())).isEqualTo(-1);
        }
        assertThat(byStatistics.matrices()).hasSameSizeAs(byText.matrices());
        for (int i = 0; i < byText.matrices().size(); i++) {
            MatrixResult expected = byText.matrices().get(i);
            MatrixResult found = byStatistics.matrices().get(i);
            assertThat(found.state()).as(found.matrix()).isEqualTo(expected.state());
            if (expected.matrix().contains("shared") && expected.state().equals("gptq")) {
                assertThat(found.tokens()).isEqualTo(expected.tokens());
                assertThat(found.evidence().affinity()).as("a gated shared expert").isLessThan((double) found.tokens());
            }
            if (expected.matrix().contains(".experts.") && found.tokens() > 0) {
                assertThat(found.evidence().borrowed()).as(found.matrix()).isBetween(0.001, 0.999);
            }
        }
    }

    @Test
    void statisticsOfSomethingElseAreRefused() {
        StatisticsJob.run(request("stats", 1, part(0, 4), 2), JobListener.NONE);
        JobRequest request = request("out", 1, part(0, 4), 2).withStatistics(folder.resolve("stats"));
        GoldenModel other = Goldens.ofRepository().model("olmoe");
        JobRequest foreign = new JobRequest(other.folder(), request.output(), recipe(1, 0), Optional.empty(), List.of(), request.limits())
                .withStatistics(folder.resolve("stats"));
        assertThatThrownBy(() -> CompressionJob.run(foreign, JobListener.NONE)).isInstanceOf(RecipeException.class)
                .hasMessageContaining("another model");
        JobRequest power = new JobRequest(golden.folder(), request.output(), recipe(2, 0), Optional.empty(), List.of(), request.limits())
                .withStatistics(folder.resolve("stats"));
        assertThatThrownBy(() -> CompressionJob.run(power, JobListener.NONE)).isInstanceOf(RecipeException.class).hasMessageContaining("power 1");
        assertThatThrownBy(() -> StoredMoments.header(golden.folder())).isInstanceOf(RecipeException.class)
                .hasMessageContaining("mojave calibrate");
        assertThatThrownBy(() -> StatisticsMerge.merge(List.of(folder.resolve("stats"), folder.resolve("stats")), folder.resolve("twice")))
                .isInstanceOf(RecipeException.class).hasMessageContaining("twice");
        assertThat(folder.resolve("out")).doesNotExist();
        assertThat(folder.resolve("twice")).doesNotExist();
    }
}
