package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.report.Report;
import org.mojave.engine.run.Model;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

/** Every golden model is compressed, opened by the ordinary loader and compared. */
class EveryFamilyTest {
    /** The step of 8 bits is a seventeenth of that of 4 bits, and so is the error, rounding of other kinds apart. */
    private static final double STEP_RATIO = 17;

    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicTest> compressesAndLoads() {
        return Goldens.ofRepository().models().stream().flatMap(name -> Stream.of(
                DynamicTest.dynamicTest(name + " rtn", () -> {
                    double coarse = check(name, Method.RTN, "4g32a");
                    assertThat(check(name, Method.RTN, "8g32a")).isLessThan(3 * coarse / STEP_RATIO);
                }),
                DynamicTest.dynamicTest(name + " hqq", () -> assertThat(check(name, Method.HQQ, "4g32a")).isLessThan(0.6)),
                DynamicTest.dynamicTest(name + " awq", () -> assertThat(check(name, Method.AWQ, "4g32a")).isLessThan(0.6)),
                DynamicTest.dynamicTest(name + " gptq", () -> assertThat(check(name, Method.GPTQ, "4g32a")).isLessThan(0.6))));
    }

    /** The error of a token's logits in the middle of all tokens. */
    private double check(String name, Method method, String scheme) {
        GoldenModel golden = Goldens.ofRepository().model(name);
        Path output = folder.resolve(name + method + scheme);
        Report report = CompressionJob.run(GoldenJobs.request(golden, output, GoldenJobs.recipe(method, scheme)), JobListener.NONE);
        assertThat(report.result().bytes()).isEqualTo(report.result().plannedBytes());
        assertThat(report.verification().largestDifference()).isLessThan(1e-4);
        try (Model model = Model.open(output)) {
            List<String> all = model.spec().matrices().stream().map(id -> id.name()).toList();
            assertThat(report.matrices().stream().map(MatrixResult::matrix)).containsExactlyElementsOf(all);
            assertThat(model.spec().matrices().stream().collect(Collectors.toMap(id -> id.name(), id -> model.weights().matrix(id).storage())))
                    .isEqualTo(report.matrices().stream().collect(Collectors.toMap(MatrixResult::matrix, MatrixResult::storage)));
        }
        return GoldenJobs.medianError(GoldenJobs.logits(golden, output), golden.logits());
    }
}
