package org.mojave.compress.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the operating system says about this process. */
public final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessMemory() {}

    /** Most bytes ever resident, mapped files included; 0 where the system does not say. */
    public static long residentPeak() {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith("VmHWM:")) {
                    return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
                }
            }
            return 0;
        } catch (IOException | NumberFormatException _) {
            return 0;
        }
    }
}
