package org.mojave.format.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A file that is read at positions, by several threads at once. {@link DirectFile} is the real one; tests put faulty ones in its place.
 *
 * <p>Positions, buffer addresses and buffer sizes are multiples of {@link #alignment()}; only the file's last piece may come short.
 */
public interface ReadableFile extends AutoCloseable {
    /** Opens a file. */
    @FunctionalInterface
    interface Opener {
        /** Opens that file for reading. */
        ReadableFile open(Path file) throws IOException;
    }

    /** Reads into the buffer from its position on; the number of bytes read, or −1 at the end of the file. */
    int read(ByteBuffer target, long position) throws IOException;

    /** Size now. */
    long size() throws IOException;

    /** A power of two. */
    int alignment();

    /** Whether reads pass by the system's page cache. */
    boolean direct();

    @Override
    void close() throws IOException;
}
