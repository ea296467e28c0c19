package org.mojave.engine.stream;

import java.io.IOException;
import org.mojave.format.file.ReadableFile;

/** A file that differs from another in its reads only. */
interface WrappedFile extends ReadableFile {
    /** The other one. */
    ReadableFile file();

    @Override
    default long size() throws IOException {
        return file().size();
    }

    @Override
    default int alignment() {
        return file().alignment();
    }

    @Override
    default boolean direct() {
        return file().direct();
    }

    @Override
    default void close() throws IOException {
        file().close();
    }
}
