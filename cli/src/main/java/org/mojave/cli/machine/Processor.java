package org.mojave.cli.machine;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The processor as the operating system and the JVM see it.
 *
 * @param model its name; {@code unknown} where the system does not tell
 * @param architecture e.g. {@code amd64}
 * @param cores that this process may use
 * @param instructions those instruction sets of interest that it has, e.g. {@code avx512_vnni}
 * @param vectorBits widest vector that the JVM uses
 */
public record Processor(String model, String architecture, int cores, List<String> instructions, int vectorBits) {
    private static final List<String> OF_INTEREST = List.of("fma", "avx2", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni",
            "avx512_bf16", "amx_int8", "amx_bf16", "asimd", "asimddp", "i8mm", "bf16", "sve");
    private static final int GOOD_VECTOR_BITS = 256;

    /** The processor under this process. */
    public static Processor current() {
        return read(Path.of("/proc/cpuinfo"));
    }

    /** As {@link #current}, described by that file; where it is missing (not a Linux) less is known. */
    static Processor read(Path information) {
        List<String> lines;
        try {
            lines = Files.readAllLines(information);
        } catch (IOException _) {
            lines = List.of();
        }
        Set<String> flags = new HashSet<>(Arrays.asList(field(lines, "flags").split("\\s+")));
        flags.addAll(Arrays.asList(field(lines, "Features").split("\\s+"))); // what ARM calls them
        String model = field(lines, "model name");
        return new Processor(model.isEmpty() ? "unknown" : model, System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors(), OF_INTEREST.stream().filter(flags::contains).toList(), jvmVectorBits());
    }

    private static String field(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key) && line.substring(key.length()).strip().startsWith(":"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst().orElse("");
    }

    private static int jvmVectorBits() {
        var machine = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        return 8 * Integer.parseInt(machine.getVMOption("MaxVectorSize").getValue());
    }

    /** Whether it can compute fast. */
    public Finding finding() {
        String value = model + " (" + architecture + "), " + cores + (cores == 1 ? " core, " : " cores, ")
                + vectorBits + "-bit vectors" + (instructions.isEmpty() ? "" : ", " + String.join(" ", instructions));
        Map<String, Object> facts = Map.of("model", model, "architecture", architecture, "cores", cores,
                "instructions", instructions, "vectorBits", vectorBits);
        return vectorBits >= GOOD_VECTOR_BITS || architecture.equals("aarch64")
                ? Finding.good("processor", value, facts)
                : Finding.weak("processor", value, "vectors below 256 bits are slow; use a processor with AVX2, or allow it in the virtual machine", facts);
    }
}
