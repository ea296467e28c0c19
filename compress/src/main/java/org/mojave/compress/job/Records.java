package org.mojave.compress.job;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.zip.CRC32C;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.report.RouterResult;
import org.mojave.format.checkpoint.CheckpointLayout;
import org.mojave.format.checkpoint.CheckpointWriter;
import org.mojave.format.file.DurableFile;
import org.mojave.format.safetensors.SafetensorsLayout;

/**
 * The tensors of the result: written at their place, forced to the disk, and only then journaled with a checksum; mapped
 * again for the layers above. After an interruption the journaled ones are checked and kept.
 */
final class Records implements AutoCloseable {
    private static final long CHECK_BYTES = 1 << 24;

    private final Path folder;
    private final CheckpointWriter writer;
    private final Journal journal;
    private final Map<String, Long> checksums = new HashMap<>();
    private final Map<String, CRC32C> running = new HashMap<>();
    private final Map<String, MatrixResult> results = new LinkedHashMap<>();
    private final Map<String, RouterResult> routers = new LinkedHashMap<>();

    private Records(Path folder, CheckpointWriter writer, Journal journal) {
        this.folder = folder;
        this.writer = writer;
        this.journal = journal;
    }

    /** Begins or continues the files of a job; {@code lost} hears of journaled tensors whose bytes are damaged. */
    static Records open(CheckpointLayout layout, Journal journal, Consumer<String> lost) {
        Path folder = journal.folder();
        Records records = new Records(folder, CheckpointWriter.resume(folder, layout), journal);
        try {
            for (JournalEntry entry : journal.entries()) {
                if (entry instanceof JournalEntry.Written written) {
                    records.checksums.putAll(written.checksums());
                    written.results().forEach(result -> records.results.put(result.matrix(), result));
                } else if (entry instanceof JournalEntry.RouterWritten(String tensor, long checksum, RouterResult result)) {
                    records.checksums.put(tensor, checksum);
                    records.routers.put(tensor, result);
                }
            }
            for (String name : List.copyOf(records.checksums.keySet())) {
                records.keepOrForget(name, lost);
            }
            return records;
        } catch (RuntimeException e) {
            records.close();
            throw e;
        }
    }

    private void keepOrForget(String name, Consumer<String> lost) {
        try (Arena arena = Arena.ofConfined()) {
            if (checksum(map(name, arena)) == checksums.get(name)) {
                writer.keep(name);
                return;
            }
        }
        checksums.remove(name);
        results.remove(name);
        routers.remove(name);
        lost.accept(name);
    }

    /** Where the files are. */
    Path folder() {
        return folder;
    }

    /** Bytes of the tensors that are on disk and journaled. */
    long writtenBytes() {
        return checksums.keySet().stream().mapToLong(name -> {
            SafetensorsLayout.Placed place = place(name);
            return place.end() - place.begin();
        }).sum();
    }

    /** Whether a tensor is on disk and journaled. */
    boolean has(String name) {
        return checksums.containsKey(name);
    }

    /** The checksum of a tensor that is on disk. */
    long checksum(String name) {
        return checksums.get(name);
    }

    /** What became of the quantized matrices so far. */
    Map<String, MatrixResult> results() {
        return results;
    }

    /** Writes the next piece of a tensor and reads it back; it counts only after {@link #commit}. */
    void write(String name, long offset, MemorySegment piece) {
        writer.write(name, offset, piece);
        CRC32C crc = running.computeIfAbsent(name, _ -> new CRC32C());
        update(crc, piece);
        try (Arena arena = Arena.ofConfined()) {
            if (map(name, arena).asSlice(offset, piece.byteSize()).mismatch(piece) >= 0) {
                throw new VerificationException(folder + ", tensor " + name + ": reads back other bytes than were written; is the "
                        + "disk sound?");
            }
        }
    }

    /** Forces tensors that are written whole to the disk and journals them with what became of them. */
    void commit(Collection<String> names, List<MatrixResult> finished) {
        if (names.isEmpty()) {
            return;
        }
        commit(names, added -> new JournalEntry.Written(added, finished));
        finished.forEach(result -> results.put(result.matrix(), result));
    }

    /** As {@link #commit}, of one router. */
    void commitRouter(String tensor, RouterResult result) {
        commit(List.of(tensor), added -> new JournalEntry.RouterWritten(tensor, added.get(tensor), result));
        routers.put(tensor, result);
    }

    private void commit(Collection<String> names, Function<Map<String, Long>, JournalEntry> entry) {
        Map<String, Long> added = new LinkedHashMap<>();
        names.forEach(name -> added.put(name, running.remove(name).getValue()));
        writer.force();
        journal.append(entry.apply(added));
        checksums.putAll(added);
    }

    /** How far the repaired routers agree with the original, by tensor. */
    Map<String, RouterResult> routers() {
        return routers;
    }

    /** Maps the bytes of a tensor of the unfinished or finished file. */
    MemorySegment map(String name, Arena arena) {
        SafetensorsLayout.Placed place = place(name);
        Path finished = folder.resolve(writer.layout().shardOf(name));
        Path file = Files.exists(finished) ? finished : DurableFile.partial(finished);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, place.begin(), place.end() - place.begin(), arena);
        } catch (IOException e) {
            throw new JobException(file + ": cannot be read back (" + e.getMessage() + ")", e);
        }
    }

    private SafetensorsLayout.Placed place(String name) {
        return writer.layout().shards().get(writer.layout().shardOf(name)).tensor(name);
    }

    /** CRC-32C of bytes. */
    static long checksum(MemorySegment bytes) {
        CRC32C crc = new CRC32C();
        update(crc, bytes);
        return crc.getValue();
    }

    private static void update(CRC32C crc, MemorySegment bytes) {
        for (long start = 0; start < bytes.byteSize(); start += CHECK_BYTES) {
            crc.update(bytes.asSlice(start, Math.min(CHECK_BYTES, bytes.byteSize() - start)).asByteBuffer());
        }
    }

    /** Gives the files their final names; everything must be there. */
    void finish() {
        writer.finish();
    }

    @Override
    public void close() {
        writer.close();
    }
}
