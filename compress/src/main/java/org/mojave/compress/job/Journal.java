package org.mojave.compress.job;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.mojave.format.file.DurableFile;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a job has done, one JSON object a line, only ever appended and forced to the disk before the job goes on. A last
 * line without its line end was being written when the job died and does not count. While a job runs, the journal is
 * locked against a second one.
 */
final class Journal implements AutoCloseable {
    /** Name of the file in the job's folder. */
    static final String NAME = "journal.jsonl";

    private static final long MAXIMUM_BYTES = 1L << 30;

    private final Path file;
    private final FileChannel channel;
    private final List<JournalEntry> entries;

    private Journal(Path file, FileChannel channel, List<JournalEntry> entries) {
        this.file = file;
        this.channel = channel;
        this.entries = entries;
    }

    /** Opens the journal of a folder, or begins it; a damaged one is refused with a {@link JobException}. */
    static Journal open(Path folder) {
        Path file = folder.resolve(NAME);
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE,
                    StandardOpenOption.CREATE);
            try {
                lock(file, channel);
                List<JournalEntry> entries = new ArrayList<>();
                long end = read(file, channel, entries);
                channel.truncate(end);
                channel.position(end);
                return new Journal(file, channel, entries);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw DurableFile.failed(file, e);
        }
    }

    /** The entries of a journal that nobody need be able to write; empty if there is none. */
    static List<JournalEntry> peek(Path folder) {
        Path file = folder.resolve(NAME);
        List<JournalEntry> entries = new ArrayList<>();
        if (Files.exists(file)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                read(file, channel, entries);
            } catch (IOException e) {
                throw new JobException(file + ": cannot be read (" + e.getMessage() + ")", e);
            }
        }
        return entries;
    }

    private static void lock(Path file, FileChannel channel) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException _) {
            lock = null;
        }
        if (lock == null) {
            throw new JobException(file.getParent() + ": another mojave is working on this output; wait for it or stop it");
        }
    }

    private static long read(Path file, FileChannel channel, List<JournalEntry> entries) throws IOException {
        if (channel.size() > MAXIMUM_BYTES) {
            throw new JobException(file + ": " + channel.size() + " bytes are too many for a journal");
        }
        ByteBuffer buffer = ByteBuffer.allocate((int) channel.size());
        while (buffer.hasRemaining() && channel.read(buffer, buffer.position()) > 0) {
            continue;
        }
        byte[] bytes = buffer.array();
        int start = 0;
        for (int i = 0; i < buffer.position(); i++) {
            if (bytes[i] == '\n') {
                entries.add(parse(file, entries.size() + 1, new String(bytes, start, i - start, StandardCharsets.UTF_8)));
                start = i + 1;
            }
        }
        return start;
    }

    private static JournalEntry parse(Path file, int line, String text) {
        try {
            return JournalEntry.read(JsonMapper.shared().readTree(text));
        } catch (JacksonException | IllegalArgumentException e) {
            throw new JobException(file + ", line " + line + ": not a journal entry; the journal is damaged, start again with "
                    + "--overwrite", e);
        }
    }

    /** The folder of the job. */
    Path folder() {
        return file.getParent();
    }

    /** Everything so far, in order. */
    List<JournalEntry> entries() {
        return List.copyOf(entries);
    }

    /** Adds entries and forces them to the disk. */
    void append(JournalEntry... added) {
        StringBuilder lines = new StringBuilder();
        for (JournalEntry entry : added) {
            lines.append(JsonMapper.shared().writeValueAsString(entry.json())).append('\n');
        }
        try {
            ByteBuffer bytes = ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(false);
        } catch (IOException e) {
            throw DurableFile.failed(file, e);
        }
        entries.addAll(List.of(added));
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
