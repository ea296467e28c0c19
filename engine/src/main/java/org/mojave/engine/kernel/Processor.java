package org.mojave.engine.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** What the processor can do, as the kernel of the operating system tells it. */
final class Processor {
    private static final Path INFORMATION = Path.of("/proc/cpuinfo");

    private Processor() {}

    /** The flags of the first core; empty where they cannot be read. */
    static Set<String> flags() {
        try (var lines = Files.lines(INFORMATION)) {
            return lines.filter(line -> line.startsWith("flags"))
                    .findFirst()
                    .map(line -> Set.of(line.substring(line.indexOf(':') + 1).strip().split("\\s+")))
                    .orElse(Set.of());
        } catch (IOException _) {
            return Set.of();
        }
    }
}
