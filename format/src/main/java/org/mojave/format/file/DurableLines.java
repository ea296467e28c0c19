package org.mojave.format.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A text file to which lines are only ever appended, each forced to the disk before {@link #append} returns. A last line without its
 * line end was being written when the process died and is dropped. While open, the file is locked against a second process.
 *
 * <p>Failures are {@link UncheckedIOException} with the file in the message, {@link Busy} and {@link TooLong} among them.
 */
public final class DurableLines implements AutoCloseable {
    private static final long MAXIMUM_BYTES = 1L << 30;

    private final Path file;
    private final FileChannel channel;
    private final List<String> lines;

    /** Another process, or this one, has the file open. */
    public static final class Busy extends UncheckedIOException {
        private static final long serialVersionUID = 1;

        private Busy(UncheckedIOException failure) {
            super(failure.getMessage(), failure.getCause());
        }
    }

    /** The file has more bytes than a file of lines can have here. */
    public static final class TooLong extends UncheckedIOException {
        private static final long serialVersionUID = 1;

        private final long bytes;

        private TooLong(UncheckedIOException failure, long bytes) {
            super(failure.getMessage(), failure.getCause());
            this.bytes = bytes;
        }

        /** What it has. */
        public long bytes() {
            return bytes;
        }
    }

    private DurableLines(Path file, FileChannel channel, List<String> lines) {
        this.file = file;
        this.channel = channel;
        this.lines = lines;
    }

    /** Opens the file, or begins it. */
    public static DurableLines open(Path file) {
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
            try {
                lock(file, channel);
                List<String> lines = new ArrayList<>();
                long end = read(file, channel, lines);
                channel.truncate(end);
                channel.position(end);
                return new DurableLines(file, channel, lines);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw DurableFile.failed(file, e);
        }
    }

    /** The lines of a file that nobody need be able to write. */
    public static List<String> peek(Path file) throws IOException {
        List<String> lines = new ArrayList<>();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            read(file, channel, lines);
        }
        return lines;
    }

    private static void lock(Path file, FileChannel channel) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException _) {
            lock = null;
        }
        if (lock == null) {
            throw new Busy(DurableFile.failed(file, new IOException("another process is working on it; wait for it or stop it")));
        }
    }

    private static long read(Path file, FileChannel channel, List<String> lines) throws IOException {
        if (channel.size() > MAXIMUM_BYTES) {
            throw new TooLong(DurableFile.failed(file, new IOException("its " + channel.size() + " bytes are too many")), channel.size());
        }
        ByteBuffer buffer = ByteBuffer.allocate((int) channel.size());
        while (buffer.hasRemaining() && channel.read(buffer, buffer.position()) > 0) {
            continue;
        }
        int start = 0;
        for (int i = 0; i < buffer.position(); i++) {
            if (buffer.get(i) == '\n') {
                lines.add(new String(buffer.array(), start, i - start, StandardCharsets.UTF_8));
                start = i + 1;
            }
        }
        return start;
    }

    /** Everything so far, in order. */
    public List<String> lines() {
        return List.copyOf(lines);
    }

    /** Adds lines, given without their ends, and forces them to the disk together. */
    public void append(String... added) {
        StringBuilder text = new StringBuilder();
        for (String line : added) {
            if (line.indexOf('\n') >= 0) {
                throw new IllegalArgumentException("a line end within a line");
            }
            text.append(line).append('\n');
        }
        try {
            ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(false);
        } catch (IOException e) {
            throw DurableFile.failed(file, e);
        }
        lines.addAll(List.of(added));
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw DurableFile.failed(file, e);
        }
    }
}
