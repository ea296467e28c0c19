package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeKernels;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.run.Model;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What is said about kernels: which ones, for what of the model, and why. */
final class KernelOptionTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final Path WREN = ROOT.resolve("examples/wren-moe");
    private static final String GGUF = ROOT.resolve("engine/src/test/resources/org/mojave/engine/run/gguf/llama3-mixed.gguf").toString();

    @ParameterizedTest
    @EnumSource(NativeSupport.Cause.class)
    void whereThereAreNoNativeKernelsTheLineSaysWhy(NativeSupport.Cause cause) {
        KernelOption.Selected selected = KernelOption.Selected.automatic(new NativeSupport.Unavailable(cause, "of something"));
        try (Model model = Model.open(WREN)) {
            assertThat(selected.line(model)).matches("decoding to floats in Java vectors of \\d+ bits for bf16 "
                    + "\\(no native kernels, because of something\\)");
        }
        assertThat(selected.line()).contains("Java vectors").endsWith("(no native kernels, because of something)");
    }

    @Test
    void aGgufFileIsNamedByItsBlocksThroughTheLauncher() throws Exception {
        Run run = Launcher.ofRepository().run("logits", GGUF, "--ids", "1,2", "--kernels", "auto");
        assertThat(run.code()).as(run.err()).isZero();
        String line = run.err().lines().findFirst().orElseThrow();
        assertThat(line).startsWith("Kernels: ").containsPattern("for [a-z0-9_, ]*q\\d_").doesNotContain("packed");
        if (NativeSupport.load(new NativeChoice.Best()) instanceof NativeSupport.Available(NativeKernels kernels)) {
            assertThat(line).contains("native " + kernels.variant().label() + " × 8-bit activations for ");
        }
        Run java = Run.mojave("logits", GGUF, "--ids", "1,2", "--kernels", "java");
        assertThat(java.err()).contains("decoding to floats in Java vectors").endsWith(" (--kernels java)\n");
    }

    @Test
    void doctorLooksAtAModel() {
        JsonNode findings = JsonMapper.shared().readTree(Run.mojave("doctor", "--folder", ROOT.resolve("target").toString(), "--model", WREN.toString(),
                "--json").out()).path("findings");
        assertThat(findings.valueStream().filter(finding -> finding.path("subject").asString().equals("kernels")))
                .singleElement().satisfies(finding -> assertThat(finding.path("value").asString()).endsWith(" for bf16"));
        Run absent = Run.mojave("doctor", "--model", "nowhere");
        assertThat(absent.code()).isEqualTo(4);
        assertThat(absent.err().lines()).singleElement().asString().contains("nowhere");
    }
}
