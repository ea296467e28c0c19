package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.engine.kernel.NativeSupport.Cause;
import org.mojave.engine.kernel.NativeSupport.Unavailable;

class NativeSupportTest {
    private static boolean compilerAndProcessorFit() {
        boolean compiler = Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(folder -> Stream.of("cc", "gcc", "clang").anyMatch(name -> Files.isExecutable(Path.of(folder, name))));
        return compiler && Processor.flags().containsAll(List.of("avx2", "fma", "f16c", "bmi2"))
                && System.getProperty("os.arch").equals("amd64") && System.getProperty("os.name").equals("Linux");
    }

    @Test
    void whereThereIsACompilerTheLibraryIsUsed() {
        NativeSupport support = NativeSupport.load(new NativeChoice.Best());
        if (compilerAndProcessorFit()) {
            assertThat(support).isInstanceOf(NativeSupport.Available.class);
            assertThat(PackedSamples.kernels()).extracting(NativeKernels::variant).contains(NativeVariant.AVX2);
            boolean wide = Processor.flags().containsAll(List.of("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"));
            assertThat(support.describe().contains("AVX-512 VNNI")).isEqualTo(wide);
        } else {
            assertThat(support).isInstanceOf(Unavailable.class);
            assertThat(support.describe()).startsWith("native kernels: not used, because ");
        }
    }

    @Test
    void switchedOffSaysSo() {
        assertThat(NativeSupport.load(new NativeChoice.None())).isEqualTo(new Unavailable(Cause.DISABLED, "they are switched off"));
    }

    @Test
    void aBuildWithoutCompilerSaysSo(@TempDir Path folder) {
        NativeSupport support = NativeLibrary.open(List.of(NativeVariant.values()), new NativeCache(folder),
                "missing: no C compiler (cc, gcc or clang) was found when Mojave was built");
        assertThat(support).isEqualTo(
                new Unavailable(Cause.NOT_BUILT, "no C compiler (cc, gcc or clang) was found when Mojave was built"));
    }

    @Test
    void aCacheThatCannotBeWrittenSaysSo(@TempDir Path folder) throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        NativeSupport support = NativeLibrary.open(List.of(NativeVariant.AVX2), new NativeCache(file), "built: cc");
        assertThat(support).isInstanceOfSatisfying(Unavailable.class, unavailable -> {
            assertThat(unavailable.cause()).isEqualTo(Cause.LOADING);
            assertThat(unavailable.detail()).startsWith("the library could not be unpacked");
        });
    }

    @Test
    void aProcessorWithoutTheInstructionsSaysSo() {
        NativeSupport support = NativeLibrary.bind(
                List.of(NativeVariant.AVX512, NativeVariant.AVX2), _ -> Optional.of(MemorySegment.NULL), 2);
        assertThat(support).isEqualTo(new Unavailable(Cause.PROCESSOR, "this processor has no AVX-512 VNNI or AVX2"));
    }

    @Test
    void theBestVariantThatTheLibraryHoldsIsTaken() {
        NativeSupport support = NativeLibrary.bind(List.of(NativeVariant.values()),
                name -> name.contains("packed_avxvnni") ? Optional.empty() : Optional.of(MemorySegment.ofAddress(1)), 3);
        assertThat(support.describe()).isEqualTo("native kernels: AVX2");
    }
}
