package org.mojave.cli.machine;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.mojave.cli.terminal.Quantities;

/**
 * How much memory there is, in bytes.
 *
 * @param total of the machine
 * @param available without swapping, before the limit
 * @param limit of the control group this process runs in (container, service), if there is one below the total
 */
public record Memory(long total, long available, OptionalLong limit) {
    /** Less than this and even small models are tight. */
    private static final long COMFORTABLE = 2_000_000_000L;

    /** The memory of this machine and the limits on this process. */
    public static Memory current() {
        return read(Path.of("/"));
    }

    /** As {@link #current}, with {@code proc} and {@code sys} below that folder. */
    static Memory read(Path root) {
        List<String> information = lines(root.resolve("proc/meminfo"));
        long total = kibibytes(information, "MemTotal:");
        long available = kibibytes(information, "MemAvailable:");
        if (total == 0) { // not a Linux
            var system = ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
            return new Memory(system.getTotalMemorySize(), system.getFreeMemorySize(), OptionalLong.empty());
        }
        return new Memory(total, available, limit(root, total));
    }

    /** What a program may still take. */
    public long usable() {
        return Math.min(available, limit.orElse(Long.MAX_VALUE));
    }

    /** Whether that is enough to work. */
    public Finding finding() {
        String value = Quantities.bytes(total) + ", " + Quantities.bytes(available) + " available"
                + (limit.isPresent() ? ", limited to " + Quantities.bytes(limit.getAsLong()) + " by the control group" : "");
        Map<String, Object> facts = limit.isPresent()
                ? Map.of("totalBytes", total, "availableBytes", available, "limitBytes", limit.getAsLong())
                : Map.of("totalBytes", total, "availableBytes", available);
        return usable() >= COMFORTABLE
                ? Finding.good("memory", value, facts)
                : Finding.weak("memory", value, "close other programs or raise the container's limit; give --memory to stay below it", facts);
    }

    /** The tightest limit on the way from this process's control group to the root, versions 1 and 2. */
    private static OptionalLong limit(Path root, long total) {
        Path groups = root.resolve("sys/fs/cgroup");
        List<Path> candidates = new ArrayList<>();
        for (String line : lines(root.resolve("proc/self/cgroup"))) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && parts[1].isEmpty()) {
                addUpwards(candidates, groups, parts[2], "memory.max");
                addUpwards(candidates, groups.resolve("unified"), parts[2], "memory.max");
            } else if (parts.length == 3 && List.of(parts[1].split(",")).contains("memory")) {
                addUpwards(candidates, groups.resolve("memory"), parts[2], "memory.limit_in_bytes");
            }
        }
        return candidates.stream().flatMap(file -> lines(file).stream()).filter(line -> line.matches("\\d{1,18}"))
                .mapToLong(Long::parseLong).filter(bytes -> bytes < total).min();
    }

    private static void addUpwards(List<Path> candidates, Path mount, String group, String file) {
        Path folder = mount.resolve(group.substring(1)).normalize();
        while (folder != null && folder.startsWith(mount)) {
            candidates.add(folder.resolve(file));
            folder = folder.getParent();
        }
    }

    private static long kibibytes(List<String> lines, String key) {
        return lines.stream().filter(line -> line.startsWith(key)).findFirst()
                .map(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10).orElse(0L);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.isReadable(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException _) {
            return List.of(); // not ours to read: no limit known from it
        }
    }
}
