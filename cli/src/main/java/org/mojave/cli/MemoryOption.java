package org.mojave.cli;

import org.mojave.cli.terminal.ByteCount;
import picocli.CommandLine.Option;

/** {@code --memory} of the commands that work through a model; for those that run one see {@link StoreOption}. */
final class MemoryOption {
    @Option(names = "--memory", paramLabel = "SIZE", description = "Memory that the process may take, e.g. 4GB (default: a quarter of the machine's).")
    private ByteCount memory;

    /** Bytes, 0 if nothing was said. */
    long bytes() {
        return memory == null ? 0 : memory.bytes();
    }
}
