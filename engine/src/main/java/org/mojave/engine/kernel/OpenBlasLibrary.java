package org.mojave.engine.kernel;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Loads OpenBLAS from its jar. The jar names it a Haswell library on processors it does not know, at half their speed,
 * so the code path is chosen in the environment of the process before the library initialises itself; a choice made by
 * the user is respected, but then Java multiplies where that is faster.
 */
final class OpenBlasLibrary {
    private static final String RESOURCES = "/org/bytedeco/openblas/linux-x86_64/";
    /** In the order in which they need each other. */
    private static final List<String> FILES = List.of("libgcc_s.so.1", "libquadmath.so.0", "libgfortran.so.5", "libopenblas.so.0");
    /** Code paths of OpenBLAS that use 512-bit vectors. */
    private static final Set<String> WIDE_CORES = Set.of("skylakex", "cooperlake", "sapphirerapids");
    private static final String CORE_VARIABLE = "OPENBLAS_CORETYPE";
    private static final Set<String> SKYLAKE = Set.of("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd");

    private OpenBlasLibrary() {}

    /** Loads and binds; every failure becomes a reason. */
    static OpenBlas.Status load() {
        String platform = System.getProperty("os.name") + "/" + System.getProperty("os.arch");
        if (!platform.equals("Linux/amd64")) {
            return new OpenBlas.Status.Unavailable("no OpenBLAS is bundled for " + platform);
        }
        try {
            Path folder = NativeCache.perUser().extract(RESOURCES, FILES);
            if (Processor.flags().containsAll(SKYLAKE)) {
                setEnvironment(CORE_VARIABLE, "SKYLAKEX", false);
            }
            setEnvironment("OPENBLAS_NUM_THREADS", "1", true);
            return new OpenBlas.Status.Available(bind(open(folder)));
        } catch (IOException e) {
            return new OpenBlas.Status.Unavailable("OpenBLAS could not be unpacked: " + e.getMessage());
        } catch (Throwable e) {
            return new OpenBlas.Status.Unavailable("OpenBLAS could not be loaded: " + e.getMessage());
        }
    }

    private static OpenBlas bind(SymbolLookup library) throws Throwable {
        String core = coreName(library);
        boolean narrow = !WIDE_CORES.contains(core.toLowerCase(Locale.ROOT)) && VectorGemm.BITS == 512;
        String chosen = System.getenv(CORE_VARIABLE) == null ? "" : ", chosen by " + CORE_VARIABLE;
        String products = narrow ? " for factorisations, " + new PortableAlgebra().describe() + " for products" : "";
        return new OpenBlas(library, "OpenBLAS (" + core + chosen + ")" + products, narrow);
    }

    private static SymbolLookup open(Path folder) {
        SymbolLookup last = null;
        for (String file : FILES) {
            last = SymbolLookup.libraryLookup(folder.resolve(file), Arena.global());
        }
        return last;
    }

    private static void setEnvironment(String name, String value, boolean overwrite) throws Throwable {
        Linker linker = Linker.nativeLinker();
        MethodHandle setenv = linker.downcallHandle(linker.defaultLookup().find("setenv").orElseThrow(), FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment key = arena.allocateFrom(name);
            MemorySegment text = arena.allocateFrom(value);
            int failed = (int) setenv.invokeExact(key, text, overwrite ? 1 : 0);
            if (failed != 0) {
                throw new IllegalStateException("cannot set " + name);
            }
        }
    }

    private static String coreName(SymbolLookup library) throws Throwable {
        MethodHandle name = Linker.nativeLinker().downcallHandle(
                library.find("openblas_get_corename").orElseThrow(), FunctionDescriptor.of(ValueLayout.ADDRESS));
        MemorySegment text = (MemorySegment) name.invokeExact();
        return text.reinterpret(64).getString(0);
    }
}
