package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenBlasTest {
    /** On the platform whose library is bundled it must load: a silent fall to half the speed is a defect. */
    @Test
    void loadsWhereItIsBundledAndSaysWhyElsewhere() {
        boolean bundled = System.getProperty("os.name").equals("Linux") && System.getProperty("os.arch").equals("amd64");
        switch (OpenBlas.status()) {
            case OpenBlas.Status.Available(OpenBlas algebra) -> {
                assertThat(bundled).isTrue();
                assertThat(algebra.describe()).startsWith("OpenBLAS (");
                if (Processor.flags().contains("avx512vl") && System.getenv("OPENBLAS_CORETYPE") == null) {
                    assertThat(algebra.describe()).containsIgnoringCase("SkylakeX");
                }
            }
            case OpenBlas.Status.Unavailable(String reason) -> {
                assertThat(bundled).as(reason).isFalse();
                assertThat(reason).contains("OpenBLAS");
            }
        }
    }

    @Test
    void aDamagedCopyInTheCacheIsReplaced(@TempDir Path folder) throws IOException {
        NativeCache cache = new NativeCache(folder);
        String prefix = "/" + OpenBlasTest.class.getPackageName().replace('.', '/') + "/";
        List<String> files = List.of("OpenBlasTest.class");
        Path unpacked = cache.extract(prefix, files).resolve(files.getFirst());
        byte[] whole = Files.readAllBytes(unpacked);
        Files.write(unpacked, new byte[3]);
        assertThat(cache.extract(prefix, files).resolve(files.getFirst())).hasBinaryContent(whole);
        try (var left = Files.list(unpacked.getParent())) {
            assertThat(left).containsExactly(unpacked);
        }
    }

    /** Orders above the limit for heap memory take another way through the library. */
    @Test
    void largeFactorisationsWorkOutsideTheHeap() {
        int n = 2100;
        double[] h = new double[n * n];
        Random random = new Random(5);
        for (int i = 0; i < n; i++) {
            h[i * n + i] = 2 + random.nextDouble();
            if (i > 0) {
                h[i * n + i - 1] = 0.5;
                h[(i - 1) * n + i] = 0.5;
            }
        }
        double[] l = h.clone();
        assertThat(LinearAlgebra.preferred().cholesky(l, n)).isTrue();
        for (int i = 1; i < n; i++) {
            double diagonal = l[i * n + i] * l[i * n + i] + l[i * n + i - 1] * l[i * n + i - 1];
            assertThat(diagonal).isCloseTo(h[i * n + i], org.assertj.core.api.Assertions.within(1e-12));
        }
    }
}
