package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * The tests of the vector kernels once more, each width in a virtual machine of its own: a species is chosen when its class is loaded. The
 * width of this machine is what all other tests run at.
 */
class ForcedWidthTest {
    private static final List<Class<?>> TESTS = List.of(FactorizationsTest.class, GgufKernelsTest.class, GramTest.class, LaneSumTest.class,
            MeansTest.class, PackedMatrixTest.class, PowersTest.class, ProductPathTest.class, ProductsTest.class, SparseProductsTest.class,
            StoredAttentionTest.class, TileProductTest.class);
    private static final int FEWEST_TESTS = 500;
    private static final int LIMIT_MINUTES = 10;

    @TempDir
    Path folder;

    static IntStream narrowerWidths() {
        return IntStream.of(128, 256, 512).filter(bits -> bits < VectorGemm.BITS);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("narrowerWidths")
    void theKernelsPassTheirTests(int bits) throws Exception {
        Path output = folder.resolve("output.txt");
        Process tests = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules", "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-Xmx1g", "-XX:+UseSerialGC", "-XX:MaxVectorSize=" + bits / Byte.SIZE,
                "-Dmojave.root=" + System.getProperty("mojave.root"), "-cp", System.getProperty("java.class.path"), ForcedWidthTest.class.getName())
                .redirectErrorStream(true).redirectOutput(output.toFile()).start();
        assertThat(tests.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)).as("%d bits ended in time", bits).isTrue();
        String said = Files.readString(output, StandardCharsets.UTF_8);
        assertThat(tests.exitValue()).as(said).isZero();
        assertThat(said).contains("Vectors of " + bits + " bits: ");
    }

    /** Runs the tests in this virtual machine and ends with 1 if one fails. */
    public static void main(String[] arguments) {
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(LauncherDiscoveryRequestBuilder.request()
                .selectors(TESTS.stream().map(DiscoverySelectors::selectClass).toList()).build(), listener);
        TestExecutionSummary summary = listener.getSummary();
        summary.printFailuresTo(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        System.out.println("Vectors of " + VectorGemm.BITS + " bits: " + summary.getTestsSucceededCount() + " tests passed, "
                + summary.getTotalFailureCount() + " failed");
        System.exit(summary.getTotalFailureCount() == 0 && summary.getTestsSucceededCount() >= FEWEST_TESTS ? 0 : 1);
    }

    /** Native kernels have widths of their own: every variant that the processor runs is among those that their tests run over. */
    @Test
    void everyNativeVariantOfThisProcessorIsTested() {
        List<NativeVariant> tested = PackedSamples.kernels().stream().map(NativeKernels::variant).toList();
        if (!tested.isEmpty()) {
            boolean wide = Processor.flags().containsAll(List.of("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd", "avx512_vnni"));
            assertThat(tested.contains(NativeVariant.AVX512)).isEqualTo(wide);
            assertThat(tested).contains(NativeVariant.AVX2);
        }
    }
}
