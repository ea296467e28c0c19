package org.mojave.compress.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the operating system says about this process. */
public final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path RESET = Path.of("/proc/self/clear_refs");
    private static final String PEAK = "5";

    private ProcessMemory() {}

    /** Most bytes ever resident, or since {@link #forgetPeak}, mapped files included; 0 where the system does not say. */
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

    /** Makes {@link #residentPeak} speak of what comes from now on, where the system allows it. */
    static void forgetPeak() {
        try {
            Files.writeString(RESET, PEAK);
        } catch (IOException _) {
            // the peak then stays that of the whole process, and is too large rather than too small
        }
    }
}
