package org.mojave.engine.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.mojave.engine.kernel.NativeSupport.Cause;
import org.mojave.engine.kernel.NativeSupport.Unavailable;

/** Finds, unpacks and opens the library that {@code engine/src/main/native/build.sh} put into the jar. */
final class NativeLibrary {
    private static final String RESOURCES = "/org/mojave/engine/kernel/native/";
    private static final String FILE = "libmojave-linux-x86_64.so";
    private static final String BUILT = "built: ";
    private static final String MISSING = "missing: ";

    private NativeLibrary() {}

    static NativeSupport load(NativeChoice choice, NativeCache cache) {
        String platform = System.getProperty("os.name") + "/" + System.getProperty("os.arch");
        return switch (choice) {
            case NativeChoice.None _ -> new Unavailable(Cause.DISABLED, "they are switched off");
            case NativeChoice.Best _, NativeChoice.Only _ when !platform.equals("Linux/amd64") ->
                    new Unavailable(Cause.NOT_BUILT, "there are none for " + platform);
            case NativeChoice.Best _ -> open(List.of(NativeVariant.values()), cache, buildNote());
            case NativeChoice.Only(NativeVariant variant) -> open(List.of(variant), cache, buildNote());
        };
    }

    /** Opens the library unless the build's own note says that there is none. */
    static NativeSupport open(List<NativeVariant> wanted, NativeCache cache, String note) {
        if (!note.startsWith(BUILT)) {
            return new Unavailable(Cause.NOT_BUILT, note.startsWith(MISSING) ? note.substring(MISSING.length()) : note);
        }
        try {
            Path folder = cache.extract(RESOURCES, List.of(FILE));
            SymbolLookup library = SymbolLookup.libraryLookup(folder.resolve(FILE), Arena.global());
            return bind(wanted, library, capabilities(library));
        } catch (IOException e) {
            return new Unavailable(Cause.LOADING, "the library could not be unpacked (" + e.getMessage() + ")");
        } catch (IllegalCallerException _) {
            return new Unavailable(Cause.LOADING, "native access is not allowed; start Java with --enable-native-access=ALL-UNNAMED");
        } catch (IllegalArgumentException | UnsupportedOperationException e) {
            return new Unavailable(Cause.LOADING, "the library could not be opened; if its file is damaged, delete it (" + e.getMessage() + ")");
        }
    }

    /** The first wanted variant that the processor runs and the library holds. */
    static NativeSupport bind(List<NativeVariant> wanted, SymbolLookup library, int capabilities) {
        for (NativeVariant variant : wanted) {
            if (variant.runsOn(capabilities) && library.find(variant.packedSymbol()).isPresent()) {
                return new NativeSupport.Available(new NativeKernels(variant, capabilities, library));
            }
        }
        String names = String.join(" or ", wanted.stream().map(NativeVariant::label).toList());
        return new Unavailable(Cause.PROCESSOR, "this processor has no " + names);
    }

    private static int capabilities(SymbolLookup library) {
        var capability = Linker.nativeLinker().downcallHandle(
                library.find("mojave_capability").orElseThrow(() -> new IllegalArgumentException("it lacks mojave_capability")),
                FunctionDescriptor.of(ValueLayout.JAVA_INT));
        try {
            return (int) capability.invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static String buildNote() {
        try (InputStream in = NativeLibrary.class.getResourceAsStream(RESOURCES + "build.txt")) {
            return in == null ? "the build did not make them" : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return "the build's note about them cannot be read (" + e.getMessage() + ")";
        }
    }
}
