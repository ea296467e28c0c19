package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.compress.recipe.AllocationMode;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.OneBit;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.recipe.RecipeJson;
import org.mojave.compress.recipe.Rule;
import org.mojave.compress.recipe.Sharing;
import org.mojave.compress.recipe.Target;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.report.Report;
import org.mojave.format.packed.Scheme;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

/** Bits for experts alone: Mixture Compressor's program and what it is compared with. */
class ExpertAllocationTest {
    @TempDir
    Path folder;

    private final GoldenModel golden = Goldens.ofRepository().model("qwen3_moe");

    private JobRequest request(String output, Recipe recipe) {
        return GoldenJobs.request(golden, folder.resolve(output), recipe);
    }

    private static Recipe recipe(long bytes, AllocationMode mode) {
        return GoldenJobs.recipe(Method.GPTQ, "4g64a").with(new Target.Bytes(bytes), mode);
    }

    private long bytes(String scheme) {
        return CompressionJob.plan(request("x", GoldenJobs.recipe(Method.GPTQ, "4g64a").with(List.of(Rule.parse("expert=" + scheme)))),
                JobListener.NONE).bytes();
    }

    /** Scheme of the gate projections of each expert, by layer. */
    private static Map<String, List<String>> experts(Report report) {
        return report.matrices().stream().filter(m -> m.matrix().matches("layers\\.\\d+\\.experts\\.\\d+\\.gate"))
                .collect(Collectors.groupingBy(m -> m.matrix().split("\\.", 3)[1], TreeMap::new, Collectors.mapping(MatrixResult::storage, Collectors.toList())));
    }

    @ParameterizedTest
    @EnumSource(names = {"PMQ", "UNIFORM", "FREQUENCY"})
    void expertsShareTheTargetAndAllElseIsAsAsked(AllocationMode mode) {
        long target = (bytes("2g64a") + bytes("3g64a")) / 2;
        PlanSummary plan = CompressionJob.plan(request("out", recipe(target, mode)), JobListener.NONE);
        Report report = CompressionJob.run(request("out", recipe(target, mode)), JobListener.NONE);
        assertThat(report.result().bytes()).isEqualTo(plan.bytes()).isBetween(target * 97 / 100, target);
        assertThat(report.matrices()).filteredOn(m -> m.matrix().endsWith("query")).allMatch(m -> m.storage().equals("4g64a"));
        assertThat(report.recipe().path("allocation").asString()).isEqualTo(mode.wireName());
        for (MatrixResult up : report.matrices()) {
            if (up.matrix().endsWith(".up")) {
                assertThat(report.matrices()).filteredOn(m -> m.matrix().equals(up.matrix().replace(".up", ".down"))).allMatch(m -> m.storage().equals(up.storage()));
            }
        }
        experts(report).values().forEach(schemes -> {
            assertThat(schemes).isSubsetOf("1rowt", "2g64a", "3g64a");
            switch (mode) {
                case PMQ -> assertThat(schemes).contains("2g64a", "3g64a");
                case UNIFORM -> assertThat(schemes).doesNotContain("1rowt").isEqualTo(schemes.stream().sorted((a, b) -> b.compareTo(a)).toList());
                case FREQUENCY -> assertThat(tokensOf(report, "3g64a")).isGreaterThanOrEqualTo(tokensOf(report, "2g64a"));
                case GLOBAL -> throw new AssertionError();
            }
        });
    }

    @Test
    void expertsMayHaveFourBits() {
        long target = bytes("3g64a");
        for (AllocationMode mode : List.of(AllocationMode.PMQ, AllocationMode.UNIFORM, AllocationMode.FREQUENCY)) {
            Recipe recipe = recipe(target, mode).with(Sharing.ofExperts(mode, List.of(2, 3, 4), OneBit.TRELLIS));
            Report report = CompressionJob.run(request("four-" + mode, recipe), JobListener.NONE);
            assertThat(report.result().bytes()).isBetween(target * 97 / 100, target);
            assertThat(RecipeJson.read(report.recipe(), RecipeJson.writeFiles(recipe)).sharing()).isEqualTo(recipe.sharing());
            experts(report).values().forEach(schemes -> assertThat(schemes).isSubsetOf("2g64a", "3g64a", "4g64a"));
            if (mode == AllocationMode.PMQ) {
                assertThat(experts(report).values()).as("what two bits save, four bits spend").anyMatch(schemes -> schemes.contains("4g64a"));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void everyMethodFollowsTheProgram(Method method) {
        long target = bytes("3g64a");
        Recipe fixed = new Recipe(method, Scheme.parse("4g64a"), 8, recipe(target, AllocationMode.PMQ).calibration(), 0);
        Recipe recipe = fixed.with(new Target.Bytes(target), Sharing.ofExperts(AllocationMode.PMQ, List.of(2, 3, 4), OneBit.TRELLIS));
        Report report = CompressionJob.run(request("by-" + method, recipe), JobListener.NONE);
        assertThat(report.result().bytes()).isBetween(target * 97 / 100, target);
        assertThat(report.matrices()).filteredOn(m -> m.matrix().endsWith(".up") && (m.tokens() > 0 || !method.calibrates())).isNotEmpty()
                .allMatch(m -> m.state().equals(method.wireName()) && m.storage().matches("[234]g64a"));
        if (method != Method.GPTQ) {
            assertThatThrownBy(() -> fixed.with(new Target.Bytes(target), AllocationMode.PMQ)).isInstanceOf(RecipeException.class)
                    .hasMessageContaining("--expert-bits 2,3");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1,3", "2,4", "3,4", "1,2,3,4,5", "0,1,2,3", "3,2"})
    void otherBitsAreRefused(String bits) {
        assertThatThrownBy(() -> Sharing.ofExperts(AllocationMode.PMQ, Stream.of(bits.split(",")).map(Integer::valueOf).toList(),
                OneBit.TRELLIS))
                .isInstanceOf(RecipeException.class).hasMessageContaining("--expert-bits must be").hasMessageEndingWith("not " + bits);
    }

    @Test
    void oneBitMayBeTheMeanMagnitude() {
        Recipe recipe = recipe(bytes("2g64a"), AllocationMode.PMQ).with(Sharing.ofExperts(AllocationMode.PMQ, Sharing.EXPERT_BITS, OneBit.MEAN));
        Report report = CompressionJob.run(request("mean", recipe), JobListener.NONE);
        assertThat(RecipeJson.read(report.recipe(), RecipeJson.writeFiles(recipe)).sharing()).isEqualTo(recipe.sharing());
        assertThat(experts(report).values()).allMatch(schemes -> List.of("1g64b", "2g64a", "3g64a").containsAll(schemes))
                .anyMatch(schemes -> schemes.contains("1g64b"));
    }

    private static double tokensOf(Report report, String scheme) {
        return report.matrices().stream().filter(m -> m.matrix().endsWith(".gate") && m.storage().equals(scheme)).mapToLong(MatrixResult::tokens)
                .average().orElse(0);
    }

    @Test
    void anInterruptedJobKeepsItsPlan() throws Exception {
        Recipe recipe = recipe((bytes("2g64a") + bytes("3g64a")) / 2, AllocationMode.PMQ);
        CompressionJob.run(request("whole", recipe), JobListener.NONE);
        Watching first = new Watching("layers.1");
        assertThatThrownBy(() -> CompressionJob.run(request("broken", recipe), first)).hasMessage("stop");
        assertThat(first.weighed).isTrue();
        Watching second = new Watching("never");
        CompressionJob.run(request("broken", recipe), second);
        assertThat(second.weighed).isFalse();
        assertThat(GoldenJobs.contents(folder.resolve("broken"))).isEqualTo(GoldenJobs.contents(folder.resolve("whole")));
    }

    @Test
    void whatCannotBeIsToldBeforeTheWork() {
        assertThatThrownBy(() -> CompressionJob.run(request("out", recipe(bytes("1rowt"), AllocationMode.PMQ)), new Watching("")))
                .as("one expert must have two bits, and one three").isInstanceOf(RecipeException.class).hasMessageContaining("the smallest plan has");
        assertThatThrownBy(() -> GoldenJobs.recipe(Method.HQQ, "4g64a").with(new Target.Bits(3), AllocationMode.PMQ))
                .isInstanceOf(RecipeException.class).hasMessageContaining("which only gptq makes");
        GoldenModel dense = Goldens.ofRepository().model("llama");
        assertThatThrownBy(() -> CompressionJob.run(GoldenJobs.request(dense, folder.resolve("dense"), recipe(1 << 20, AllocationMode.UNIFORM)),
                new Watching(""))).isInstanceOf(RecipeException.class).hasMessageContaining("among routed experts");
    }

    /** Notes whether experts are weighed, and stops at a place. */
    private static final class Watching implements JobListener {
        private final String last;
        private boolean weighed;
        private boolean quantizing;

        Watching(String last) {
            this.last = last;
        }

        @Override
        public void started(String stage, long total) {
            weighed |= stage.equals("weigh");
            quantizing = stage.equals("quantize");
        }

        @Override
        public void advanced(long amount, String place) {
            if (quantizing && place.startsWith(last) && !place.isEmpty()) {
                throw new IllegalStateException("stop");
            }
        }

        @Override
        public void raised(JobEvent event) {}
    }
}
