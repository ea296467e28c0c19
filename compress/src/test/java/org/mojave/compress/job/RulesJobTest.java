package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.recipe.Rule;
import org.mojave.compress.recipe.Target;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.report.Report;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

/** Rules for single matrices, from the recipe to the written files. */
class RulesJobTest {
    private static final String[] RULES = {"attention=8", "expert@layers.1.*=2g64t6", "@model.layers.0.mlp.experts.2.*=keep", "shared_expert=3",
        "shared_down@layers.0.*=4"};

    @TempDir
    Path folder;

    private final GoldenModel golden = Goldens.ofRepository().model("qwen2_moe");

    private static List<Rule> rules(String... texts) {
        return Arrays.stream(texts).map(Rule::parse).toList();
    }

    private JobRequest request(String output, Recipe recipe) {
        return GoldenJobs.request(golden, folder.resolve(output), recipe);
    }

    private static Map<String, String> storages(Report report) {
        return report.matrices().stream().collect(Collectors.toMap(MatrixResult::matrix, MatrixResult::storage));
    }

    @Test
    void theLastRuleThatMatchesCountsAndAllAreWrittenDown() throws Exception {
        Recipe recipe = GoldenJobs.recipe(Method.GPTQ, "3g32a").with(rules(RULES));
        Report report = CompressionJob.run(request("out", recipe), JobListener.NONE);
        assertThat(storages(report)).containsEntry("layers.0.query", "8g32a").containsEntry("layers.1.experts.0.down", "2g64t6")
                .containsEntry("layers.0.experts.2.up", "f32").containsEntry("layers.0.experts.3.up", "3g32a")
                .containsEntry("layers.1.shared_down", "3g32a").containsEntry("layers.0.shared_down", "4g32a");
        assertThat(report.matrices()).filteredOn(m -> m.matrix().startsWith("layers.0.experts.2.")).hasSize(3)
                .allMatch(m -> m.state().equals("kept"));
        var written = Checkpoint.readJson(folder.resolve("out/config.json")).path("quantization_config").path("recipe").path("rules");
        assertThat(written.valueStream().map(rule -> rule.asString())).containsExactly(RULES);
        assertThat(GoldenJobs.medianError(GoldenJobs.logits(golden, folder.resolve("out")), golden.logits())).isBetween(1e-3, 0.8);
    }

    @Test
    void aJobGoesOnWithItsRulesAndRefusesOthers() throws Exception {
        Recipe plain = GoldenJobs.recipe(Method.RTN, "3g32a");
        CompressionJob.run(request("whole", plain.with(rules("attention=8", "embedding=keep"))), JobListener.NONE);
        assertThatThrownBy(() -> CompressionJob.run(request("out", plain.with(rules("attention=8", "embedding=keep"))), new Stopping()))
                .hasMessage("stop");
        assertThatThrownBy(() -> CompressionJob.run(request("out", plain), JobListener.NONE)).isInstanceOf(JobException.class)
                .hasMessageContaining("rules [\"attention=8\",\"embedding=keep\"], not none");
        CompressionJob.run(request("out", plain.with(rules("attention=8", "embedding=keep"))), JobListener.NONE);
        assertThat(GoldenJobs.contents(folder.resolve("out"))).isEqualTo(GoldenJobs.contents(folder.resolve("whole")));
    }

    @Test
    void rulesBindAPlanForATarget() {
        long size = CompressionJob.plan(request("x", GoldenJobs.recipe(Method.GPTQ, "4g64a")), JobListener.NONE).bytes();
        Recipe recipe = Recipe.of(new Target.Bytes(size), CalibrationWish.DEFAULT, Fitting.DEFAULT, 0)
                .with(rules("attention=8g128s", "shared_expert=6g64s6", "@layers.0.experts.1.*=4g32a", "head=8"));
        Report report = CompressionJob.run(request("out", recipe), JobListener.NONE);
        assertThat(storages(report)).containsEntry("layers.1.output", "8g128s").containsEntry("layers.0.shared_gate", "6g64s6")
                .containsEntry("layers.0.experts.1.gate", "4g32a").containsEntry("head", "8g64s");
        assertThat(report.result().bytes()).isBetween(size * 99 / 100, size);
    }

    @Test
    void whatCannotBeIsToldBeforeAnythingBegins() {
        Recipe plain = GoldenJobs.recipe(Method.GPTQ, "3g32a");
        refused(plain.with(rules("dense=4")), "rule 'dense=4' matches no matrix that could be quantized; the model has the roles attention, expert, "
                + "shared_expert, embedding, head, router, shared_router and names like embedding, layers.0.query");
        refused(plain.with(rules("@layers.7.*=4")), "rule '@layers.7.*=4' matches no matrix");
        refused(plain.with(rules("@*.router=4")), "rule '@*.router=4' matches no matrix");
        refused(plain.with(rules("embedding=3rowt")), "wants a trellis for embedding");
        refused(GoldenJobs.recipe(Method.RTN, "3g32a").with(rules("attention=3rowt")), "which only gptq makes");
        refused(GoldenJobs.recipe(Method.HQQ, "3g32a").with(rules("attention=3g64a6")), "hqq makes float16 scales only");
        refused(GoldenJobs.recipe(Method.HQQ, "3g32a").with(rules("attention=1g64b")), "wants binary codes for");
        refused(GoldenJobs.recipe(Method.AWQ, "3g32a").with(rules("attention=keep")), "keeps layers.0.query, which");
        GoldenModel fused = Goldens.ofRepository().model("granitemoe");
        assertThatThrownBy(() -> CompressionJob.run(GoldenJobs.request(fused, folder.resolve("fused"), plain.with(rules("@layers.0.experts.1.*=keep"))),
                JobListener.NONE)).isInstanceOf(RecipeException.class).hasMessageContaining("cannot be kept alone: its tensor");
    }

    @Test
    void expertsInOneTensorAreKeptTogether() throws Exception {
        GoldenModel fused = Goldens.ofRepository().model("granitemoe");
        Recipe recipe = GoldenJobs.recipe(Method.GPTQ, "8g32a").with(rules("expert@layers.0.*=keep"));
        Report report = CompressionJob.run(GoldenJobs.request(fused, folder.resolve("fused"), recipe), JobListener.NONE);
        assertThat(report.matrices()).filteredOn(m -> m.matrix().startsWith("layers.0.experts.")).isNotEmpty().allMatch(m -> m.state().equals("kept"));
        assertThat(GoldenJobs.medianError(GoldenJobs.logits(fused, folder.resolve("fused")), fused.logits())).isBetween(1e-5, 0.05);
    }

    private void refused(Recipe recipe, String told) {
        assertThatThrownBy(() -> CompressionJob.run(request("refused", recipe), new Stopping())).isInstanceOf(RecipeException.class)
                .hasMessageContaining(told);
        assertThat(folder.resolve("refused.partial")).doesNotExist();
    }

    /** Stops at the first quantized matrix of a layer. */
    private static final class Stopping implements JobListener {
        @Override
        public void started(String stage, long total) {}

        @Override
        public void advanced(long amount, String place) {
            if (place.startsWith("layers.1")) {
                throw new IllegalStateException("stop");
            }
        }

        @Override
        public void raised(JobEvent event) {}
    }
}
