package org.mojave.format.checkpoint;

import java.nio.file.Path;

/**
 * A part of a file.
 *
 * @param file the file
 * @param offset first byte
 * @param bytes number of bytes
 */
public record FileRange(Path file, long offset, long bytes) {
    /** Checks the numbers. */
    public FileRange {
        if (offset < 0 || bytes < 0) {
            throw new IllegalArgumentException("not a range: " + bytes + " bytes from " + offset);
        }
    }

    /** First byte behind. */
    public long end() {
        return offset + bytes;
    }
}
