package org.mojave.engine.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.zip.CRC32;

/**
 * A folder of this user that holds native libraries unpacked from jars, one folder per content. A file appears under its
 * name only when it is complete, so that several processes may unpack at once.
 */
final class NativeCache {
    private final Path root;

    NativeCache(Path root) {
        this.root = root;
    }

    /** {@code $XDG_CACHE_HOME/mojave/native}, by default below {@code ~/.cache}. */
    static NativeCache perUser() {
        String cache = System.getenv("XDG_CACHE_HOME");
        Path base = cache == null || cache.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
        return new NativeCache(base.resolve("mojave").resolve("native"));
    }

    /** The folder that holds {@code files}, unpacked from the resources {@code prefix + file} where missing. */
    Path extract(String prefix, List<String> files) throws IOException {
        CRC32 hash = new CRC32();
        Content[] contents = new Content[files.size()];
        for (int i = 0; i < contents.length; i++) {
            contents[i] = content(prefix + files.get(i));
            hash.update((files.get(i) + ":" + contents[i].checksum() + ":" + contents[i].bytes()).getBytes(
                    StandardCharsets.UTF_8));
        }
        Path folder = root.resolve(String.format("%08x-%d", hash.getValue(), contents[contents.length - 1].bytes()));
        Files.createDirectories(folder);
        for (int i = 0; i < contents.length; i++) {
            Path file = folder.resolve(files.get(i));
            if (!Files.isRegularFile(file) || Files.size(file) != contents[i].bytes()) {
                unpack(prefix + files.get(i), file);
            }
        }
        return folder;
    }

    private record Content(long checksum, long bytes) {}

    /** From the directory of the jar where there is one: unpacking 60 MB at every start only to hash them would be slow. */
    private static Content content(String resource) throws IOException {
        URLConnection connection = resource(resource).openConnection();
        if (connection instanceof JarURLConnection jar) {
            var entry = jar.getJarEntry();
            return new Content(entry.getCrc(), entry.getSize());
        }
        CRC32 checksum = new CRC32();
        long bytes = 0;
        try (InputStream in = connection.getInputStream()) {
            byte[] buffer = new byte[1 << 16];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                checksum.update(buffer, 0, count);
                bytes += count;
            }
        }
        return new Content(checksum.getValue(), bytes);
    }

    private static void unpack(String resource, Path file) throws IOException {
        Path unfinished = Files.createTempFile(file.getParent(), file.getFileName().toString(), ".part");
        try {
            try (InputStream in = resource(resource).openStream()) {
                Files.copy(in, unfinished, StandardCopyOption.REPLACE_EXISTING);
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    private static URL resource(String name) throws IOException {
        URL url = NativeCache.class.getResource(name);
        if (url == null) {
            throw new IOException("missing from the class path: " + name);
        }
        return url;
    }
}
