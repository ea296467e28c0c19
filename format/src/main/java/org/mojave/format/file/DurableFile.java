package org.mojave.format.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Writing so that a reader, and a machine that lost power, finds the old file or the new one and never half of it.
 *
 * <p>Example: {@code DurableFile.write(folder.resolve("config.json"), bytes)}. Failures are {@link UncheckedIOException}
 * with the file in the message.
 */
public final class DurableFile {
    /** Ending of a file that is not finished yet. */
    public static final String PARTIAL_SUFFIX = ".partial";

    private static final long PIECE_BYTES = 1 << 20;

    private DurableFile() {}

    /** The temporary name beside {@code target}. */
    public static Path partial(Path target) {
        return target.resolveSibling(target.getFileName() + PARTIAL_SUFFIX);
    }

    /** Writes a small file: temporary name, force, rename over {@code target}. */
    public static void write(Path target, byte[] content) {
        Path partial = partial(target);
        try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE, StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING)) {
            writeAt(channel, MemorySegment.ofArray(content), 0);
            channel.force(true);
        } catch (IOException e) {
            throw failed(target, e);
        }
        publish(target);
    }

    /**
     * Writes a segment, native or on the heap, at {@code position} of a file. Uses at most {@value #PIECE_BYTES} bytes of
     * memory outside the heap, whatever the segment's size.
     */
    public static void writeAt(FileChannel channel, MemorySegment data, long position) throws IOException {
        if (data.isNative()) {
            for (long done = 0; done < data.byteSize(); done += PIECE_BYTES) {
                writeAt(channel, piece(data, done).asByteBuffer(), position + done);
            }
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(Math.min(PIECE_BYTES, data.byteSize()));
            for (long done = 0; done < data.byteSize(); done += PIECE_BYTES) {
                MemorySegment piece = piece(data, done);
                MemorySegment.copy(piece, 0, copy, 0, piece.byteSize());
                writeAt(channel, copy.asSlice(0, piece.byteSize()).asByteBuffer(), position + done);
            }
        }
    }

    private static MemorySegment piece(MemorySegment data, long from) {
        return data.asSlice(from, Math.min(PIECE_BYTES, data.byteSize() - from));
    }

    private static void writeAt(FileChannel channel, ByteBuffer data, long position) throws IOException {
        long at = position;
        while (data.hasRemaining()) {
            at += channel.write(data, at);
        }
    }

    /** Renames the finished, already forced {@link #partial} of {@code target} to {@code target}, durably. */
    public static void publish(Path target) {
        try {
            Files.move(partial(target), target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw failed(target, e);
        }
        forceFolder(target.toAbsolutePath().getParent());
    }

    /** An I/O failure with the file in its message. */
    public static UncheckedIOException failed(Path file, IOException cause) {
        String message = file + ": cannot be written (" + cause.getMessage() + ")";
        return new UncheckedIOException(message, new IOException(message, cause));
    }

    private static void forceFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException _) {
            // Some systems cannot open a folder; there the rename is durable as soon as the system says so.
        }
    }
}
