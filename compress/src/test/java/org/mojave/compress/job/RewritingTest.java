package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.recipe.Transformation;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.Report;
import org.mojave.compress.smooth.SmoothingMode;
import org.mojave.engine.kernel.ActivationScheme;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouterListener;
import org.mojave.format.packed.Scheme;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

/** A rewritten model computes what the original does, through the ordinary forward pass; and a job makes a checkpoint of it. */
class RewritingTest {
    /** Of the largest logit. */
    private static final double TOLERANCE = 1e-5;
    private static final Transformation ROTATION = new Transformation(Optional.empty(), 0.6, false, true, Optional.empty(), Optional.empty());

    @TempDir
    Path folder;

    private static Transformation smoothing(String mode, boolean outliers) {
        return new Transformation(Optional.of(SmoothingMode.parse(mode)), 0.6, outliers, false, Optional.empty(), Optional.empty());
    }

    private static Transformation outliersAndRotation() {
        return new Transformation(Optional.empty(), 0.6, true, true, Optional.empty(), Optional.empty());
    }

    private JobRequest request(String golden, String output, Transformation transformation) {
        Recipe recipe = GoldenJobs.recipe(Method.GPTQ, "4g32a").with(transformation);
        return GoldenJobs.request(Goldens.ofRepository().model(golden), folder.resolve(output), recipe);
    }

    private static void assertSameLogits(JobRequest request, List<int[]> inputs) {
        SourceModel source = SourceModel.open(request.model());
        try (Workers workers = new Workers(2)) {
            Model changed = new Rewriting(request, Optional.empty(), JobListener.NONE).of(source, request.tokens().orElseThrow()).source().model();
            assertThat(changed.weights().matrix(MatrixId.of(MatrixRole.OUTPUT, 0)).storage()).isNotBlank();
            float[] before = logits(source.original(), inputs, workers);
            float[] after = logits(changed, inputs, workers);
            double largest = 0;
            double difference = 0;
            for (int i = 0; i < before.length; i++) {
                largest = Math.max(largest, Math.abs(before[i]));
                difference = Math.max(difference, Math.abs(before[i] - after[i]));
            }
            assertThat(difference).as("weights did change").isPositive();
            assertThat(difference / largest).isLessThan(TOLERANCE);
        } finally {
            source.close();
        }
    }

    private static float[] logits(Model model, List<int[]> inputs, Workers workers) {
        Decoder decoder = new Decoder(model, workers);
        int length = inputs.getFirst().length;
        float[] all = new float[inputs.size() * length * model.vocabularySize()];
        decoder.all(inputs.stream().map(ids -> new Decoder.Chunk(decoder.newCache(ids.length), ids)).toList(),
                (chunk, first, rows, logits) -> System.arraycopy(logits, 0, all, (chunk * length + first) * model.vocabularySize(),
                        rows * model.vocabularySize()), RouterListener.NONE);
        return all;
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3_moe", "qwen2_moe", "mixtral", "olmoe_clip", "deepseek_v2", "deepseek_v3_fp8", "granitemoeshared",
            "ernie4_5_moe_flags", "glm4_moe", "llama4_text", "phimoe", "llama"})
    void smoothingAndOutlierScalesAreExact(String golden) {
        assertSameLogits(request(golden, "out", smoothing("max_gate", true)), Arrays.asList(Goldens.ofRepository().model(golden).inputs()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"max", "sum1_gate", "sum2_0", "sum2_1_gate", "sum2_2", "sum2_3_gate", "sum3_gate"})
    void everyAggregationIsExact(String mode) {
        assertSameLogits(request("qwen2_moe", "out", smoothing(mode, false)), Arrays.asList(Goldens.ofRepository().model("qwen2_moe").inputs()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3_moe", "qwen2_moe", "mixtral", "olmoe", "deepseek_v2", "deepseek_v3_fp8", "granitemoeshared", "gpt_oss",
            "gpt_oss_mxfp4", "ernie4_5_moe_flags", "glm4_moe", "llama4_text", "llama"})
    void theRotationIsExact(String golden) {
        assertSameLogits(request(golden, "out", ROTATION), Arrays.asList(Goldens.ofRepository().model(golden).inputs()));
    }

    @Test
    void theBundledModelIsRewrittenExactly() {
        Path wren = Path.of(System.getProperty("mojave.root"), "examples", "wren-moe");
        Random random = new Random(3);
        TokenSequences tokens = new TokenSequences(List.of(random.ints(96, 0, 4096).toArray(), random.ints(96, 0, 4096).toArray()));
        for (Transformation transformation : List.of(smoothing("max_gate", true), ROTATION, outliersAndRotation())) {
            JobRequest request = new JobRequest(wren, folder.resolve("out"), GoldenJobs.recipe(Method.GPTQ, "4g32a").with(transformation),
                    Optional.of(tokens), List.of(), new JobRequest.Limits(0, 2, false, false));
            assertSameLogits(request, tokens.sequences());
        }
    }

    @ParameterizedTest
    @CsvSource({"qwen2_moe, smooth", "mixtral_bf16_sharded, smooth", "deepseek_v3, smooth", "qwen2_moe, rotate", "gpt_oss, rotate",
            "granitemoe, rotate", "deepseek_v3, rotate"})
    void aJobMakesAnOrdinaryCheckpoint(String golden, String what) {
        JobRequest request = request(golden, "out", what.equals("smooth") ? smoothing("max_gate", true) : ROTATION);
        Report report = CompressionJob.run(request, JobListener.NONE);
        assertThat(report.verification().largestDifference()).isLessThan(1e-3);
        assertThat(report.recipe().path("transformation").has(what.equals("smooth") ? "smoothing" : "rotation")).isTrue();
        GoldenModel model = Goldens.ofRepository().model(golden);
        assertThat(GoldenJobs.medianError(GoldenJobs.logits(model, request.output()), model.logits())).isLessThan(0.6);
        JobRequest plain = request(golden, "plain", Transformation.NONE);
        CompressionJob.run(plain, JobListener.NONE);
        assertThat(GoldenJobs.medianError(GoldenJobs.logits(model, plain.output()), GoldenJobs.logits(model, request.output())))
                .as("other codes were chosen").isPositive();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void roundingAloneKeepsTheFunctionToo(boolean smooth) {
        JobRequest request = request("qwen2_moe", "out", smooth ? smoothing("max_gate", true) : outliersAndRotation());
        Recipe recipe = GoldenJobs.recipe(Method.RTN, "8g32a").with(request.recipe().transformation());
        Report report = CompressionJob.run(new JobRequest(request.model(), request.output(), recipe, request.tokens(), List.of(), request.limits()),
                JobListener.NONE);
        assertThat(report.result().bytes()).isEqualTo(report.result().plannedBytes());
        GoldenModel model = Goldens.ofRepository().model("qwen2_moe");
        assertThat(GoldenJobs.medianError(GoldenJobs.logits(model, request.output()), model.logits())).isLessThan(0.03);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void keepsARewrittenVocabularyOnRequest(boolean smooth) {
        JobRequest request = request("granitemoe", "out", smooth ? smoothing("sum1", false) : ROTATION);
        Recipe recipe = new Recipe(Method.RTN, request.recipe().scheme(), Recipe.KEEP, request.recipe().calibration(), 0)
                .with(request.recipe().transformation());
        Report report = CompressionJob.run(new JobRequest(request.model(), request.output(), recipe, request.tokens(), List.of(), request.limits()),
                JobListener.NONE);
        assertThat(report.matrices()).filteredOn(m -> m.matrix().equals("embedding")).allMatch(m -> m.state().equals("kept"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void threadsAndInterruptionsChangeNothing(boolean smooth) throws IOException {
        Transformation transformation = smooth ? smoothing("max_gate", true) : ROTATION;
        JobRequest whole = request("qwen2_moe", "whole", transformation);
        CompressionJob.run(new JobRequest(whole.model(), whole.output(), whole.recipe(), whole.tokens(), List.of(),
                new JobRequest.Limits(0, 1, false, false)), JobListener.NONE);
        JobRequest broken = request("qwen2_moe", "broken", transformation);
        List<String> stages = new ArrayList<>();
        assertThatThrownBy(() -> CompressionJob.run(broken, new Breaking(stages, "layers.1.experts"))).hasMessage("interrupted");
        assertThat(stages.contains("smooth")).isEqualTo(smooth);
        stages.clear();
        CompressionJob.run(broken, new Breaking(stages, "nowhere"));
        assertThat(stages).as("scales come from the journal").contains("quantize").doesNotContain("smooth");
        assertThat(GoldenJobs.contents(broken.output())).isEqualTo(GoldenJobs.contents(whole.output()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theLeastMemoryIsEnoughAndChangesNothing(boolean smooth) throws IOException {
        Transformation transformation = smooth ? smoothing("max_gate", true) : ROTATION;
        JobRequest plenty = request("qwen2_moe", "plenty", transformation);
        CompressionJob.run(plenty, JobListener.NONE);
        JobRequest tight = request("qwen2_moe", "tight", transformation);
        GoldenJobs.requireLeastMemoryGives(plenty.output(), tight);
    }

    private record Breaking(List<String> stages, String at) implements JobListener {
        @Override
        public void started(String stage, long total) {
            stages.add(stage);
        }

        @Override
        public void advanced(long amount, String place) {
            if (place.startsWith(at)) {
                throw new IllegalStateException("interrupted");
            }
        }

        @Override
        public void raised(JobEvent event) {}
    }

    @Test
    void roundedActivationsAndTrellisCodesExcludeEachOtherBeforeTheWork() {
        Transformation rounded = new Transformation(Optional.empty(), 0.6, false, false, Optional.empty(), Optional.of(ActivationScheme.of(4)));
        JobRequest request = request("qwen2_moe", "out", rounded);
        Recipe recipe = new Recipe(Method.GPTQ, Scheme.parse("3g64t"), 8, request.recipe().calibration(), 0).with(rounded);
        List<String> stages = new ArrayList<>();
        assertThatThrownBy(() -> CompressionJob.run(new JobRequest(request.model(), request.output(), recipe, request.tokens(), List.of(),
                request.limits()), new Breaking(stages, "nowhere"))).isInstanceOf(RecipeException.class).hasMessageContaining("3g64t")
                .hasMessageContaining("leave out --activations");
        assertThat(stages).isEmpty();
    }

    @Test
    void whatWouldNotBeExactIsRefused() {
        assertThatThrownBy(() -> CompressionJob.run(request("phimoe", "out", ROTATION), JobListener.NONE))
                .isInstanceOf(UnsupportedModelException.class).hasMessageContaining("phimoe").hasMessageContaining("leave out --rotation");
        assertThatThrownBy(() -> CompressionJob.run(request("gpt_oss", "out", smoothing("max", true)), JobListener.NONE))
                .isInstanceOf(UnsupportedModelException.class).hasMessageContaining("leave out --outlier-scaling");
        assertThatThrownBy(() -> new Transformation(Optional.of(SmoothingMode.DEFAULT), 0.6, false, true, Optional.empty(), Optional.empty()))
                .isInstanceOf(RecipeException.class).hasMessageContaining("--smoothing or --rotation");
    }
}
