package org.mojave.format.file;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.mojave.format.tensor.CheckpointException;

/** Maps whole files for reading. */
public final class MappedFile {
    private MappedFile() {}

    /** Maps a file for as long as the arena lives; throws {@link CheckpointException} that names it. */
    public static MemorySegment open(Path path, Arena arena) {
        if (!Files.isRegularFile(path)) {
            throw new CheckpointException(path.toString(), Files.exists(path) ? "is not a file" : "no such file");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw new CheckpointException(path.toString(), "cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
