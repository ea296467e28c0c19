package org.mojave.engine.tokenize;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Properties;

/**
 * Brings the native tokenizers library from its jar into the process. The library's own loader looks for graphics cards,
 * may download, and reports usage to its makers; this one only unpacks a file into the user's cache and opens it.
 */
final class NativeTokenizers {
    private static final String RESOURCES = "native/lib/";
    private static final List<String> WINDOWS_COMPANIONS =
            List.of("libwinpthread-1.dll", "libgcc_s_seh-1.dll", "libstdc++-6.dll");

    private NativeTokenizers() {}

    /** Unpacks where needed, opens (once per process, later calls change nothing), and returns the entry points. */
    static synchronized TokenizersLibrary open() {
        String system = operatingSystem();
        String platform = system + "-" + architecture();
        ClassLoader loader = TokenizersLibrary.class.getClassLoader();
        Path cache = cacheFolder(system).resolve("mojave").resolve("tokenizers-" + version(loader) + "-" + platform);
        try {
            Files.createDirectories(cache);
            for (String companion : system.equals("win") ? WINDOWS_COMPANIONS : List.<String>of()) {
                System.load(unpack(loader, platform, companion, cache).toString());
            }
            System.load(unpack(loader, platform, System.mapLibraryName("tokenizers"), cache).toString());
        } catch (IOException e) {
            throw new IllegalStateException("the tokenizer library cannot be unpacked into " + cache + " (" + e.getMessage()
                    + "); make that folder writable or set XDG_CACHE_HOME to one that is", e);
        } catch (UnsatisfiedLinkError e) {
            throw new IllegalStateException("the tokenizer library in " + cache + " cannot be opened (" + e.getMessage()
                    + "); it needs a file system that allows executing, and on Linux the GNU C library", e);
        }
        return TokenizersLibrary.LIB;
    }

    private static Path unpack(ClassLoader loader, String platform, String name, Path cache) throws IOException {
        String resource = RESOURCES + platform + "/cpu/" + name;
        URL url = loader.getResource(resource);
        if (url == null) {
            throw new IllegalStateException("there is no tokenizer library for " + platform
                    + "; linux-x86_64, linux-aarch64, osx-aarch64 and win-x86_64 have one");
        }
        URLConnection connection = url.openConnection();
        Path target = cache.resolve(name).toAbsolutePath();
        if (Files.isRegularFile(target) && Files.size(target) == connection.getContentLengthLong()) {
            return target;
        }
        Path partial = Files.createTempFile(cache, name, ".part");
        try {
            try (InputStream in = connection.getInputStream()) {
                Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
            }
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
        return target;
    }

    private static String version(ClassLoader loader) {
        Properties properties = new Properties();
        try (InputStream in = loader.getResourceAsStream(RESOURCES + "tokenizers.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            throw new IllegalStateException("the tokenizer library's jar cannot be read (" + e.getMessage() + ")", e);
        }
        return properties.getProperty("version", "unknown");
    }

    private static Path cacheFolder(String system) {
        String chosen = System.getenv(system.equals("win") ? "LOCALAPPDATA" : "XDG_CACHE_HOME");
        if (chosen != null && !chosen.isBlank()) {
            return Path.of(chosen);
        }
        Path home = Path.of(System.getProperty("user.home"));
        return switch (system) {
            case "win" -> home.resolve("AppData").resolve("Local");
            case "osx" -> home.resolve("Library").resolve("Caches");
            default -> home.resolve(".cache");
        };
    }

    private static String operatingSystem() {
        String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        return name.startsWith("win") ? "win" : name.startsWith("mac") ? "osx" : "linux";
    }

    private static String architecture() {
        String name = System.getProperty("os.arch");
        return name.equals("amd64") ? "x86_64" : name;
    }
}
