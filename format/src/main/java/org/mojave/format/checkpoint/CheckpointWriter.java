package org.mojave.format.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.mojave.format.file.DurableFile;
import org.mojave.format.safetensors.SafetensorsLayout;
import org.mojave.format.safetensors.SafetensorsWriter;
import org.mojave.format.tensor.CheckpointException;

/**
 * Writes the tensors of a checkpoint folder, in any order, from several threads if need be. Shards carry their final names
 * only after {@link #finish}; the index comes last, so a folder that opens is complete. Small files beside them:
 * {@link DurableFile#write}.
 *
 * <p>Example:
 * <pre>{@code
 * var layout = CheckpointLayout.of(records, 5L << 30, Map.of("format", "pt"));
 * try (var writer = CheckpointWriter.create(folder, layout)) {
 *     writer.write("model.norm.weight", bytes);
 *     writer.finish();
 * }
 * }</pre>
 */
public final class CheckpointWriter implements AutoCloseable {
    private final Path folder;
    private final CheckpointLayout layout;
    private final Map<String, SafetensorsWriter> writers;

    private CheckpointWriter(Path folder, CheckpointLayout layout, Map<String, SafetensorsWriter> writers) {
        this.folder = folder;
        this.layout = layout;
        this.writers = writers;
    }

    /**
     * Begins a checkpoint; makes the folder if need be. Partial files of an earlier run are overwritten; a folder that holds
     * finished safetensors files is refused with {@link CheckpointException}.
     */
    public static CheckpointWriter create(Path folder, CheckpointLayout layout) {
        try {
            Files.createDirectories(folder);
            try (Stream<Path> files = Files.list(folder)) {
                if (files.anyMatch(f -> f.toString().endsWith(".safetensors") || f.endsWith(Checkpoint.INDEX))) {
                    throw new CheckpointException(folder.toString(), "already holds a checkpoint; choose another folder");
                }
            }
        } catch (IOException e) {
            throw DurableFile.failed(folder, e);
        }
        return open(folder, layout, false);
    }

    /**
     * Continues a checkpoint that {@link #create} began with an equal layout. Say with {@link #keep} which tensors were
     * written before. Throws {@link CheckpointException} if a file there was begun for other tensors.
     */
    public static CheckpointWriter resume(Path folder, CheckpointLayout layout) {
        return open(folder, layout, true);
    }

    private static CheckpointWriter open(Path folder, CheckpointLayout layout, boolean resume) {
        Map<String, SafetensorsWriter> writers = new LinkedHashMap<>();
        CheckpointWriter checkpoint = new CheckpointWriter(folder, layout, writers);
        try {
            layout.shards().forEach((name, shard) -> {
                Path file = folder.resolve(name);
                if (!resume || (!Files.exists(file) && !Files.exists(DurableFile.partial(file)))) {
                    writers.put(name, SafetensorsWriter.create(file, shard));
                } else if (!isFinished(file, shard)) {
                    writers.put(name, SafetensorsWriter.resume(file, shard));
                }
            });
            return checkpoint;
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    private static boolean isFinished(Path file, SafetensorsLayout shard) {
        if (Files.exists(file) && !SafetensorsWriter.isFinished(file, shard)) {
            throw new CheckpointException(file.toString(), "holds other tensors than this run writes; choose another folder");
        }
        return Files.exists(file);
    }

    /** Writes a whole tensor; {@code data} must have exactly its size. */
    public void write(String name, MemorySegment data) {
        writer(name).write(name, data);
    }

    /** Writes a piece of a tensor, starting {@code offset} bytes into it. */
    public void write(String name, long offset, MemorySegment data) {
        writer(name).write(name, offset, data);
    }

    /** Declares that a tensor was written before {@link #resume} and shall be kept as it is. */
    public void keep(String name) {
        SafetensorsWriter writer = writers.get(layout.shardOf(name));
        if (writer != null) {
            writer.keep(name);
        }
    }

    private SafetensorsWriter writer(String name) {
        SafetensorsWriter writer = writers.get(layout.shardOf(name));
        if (writer == null) {
            throw new IllegalStateException(folder.resolve(layout.shardOf(name)) + ", tensor " + name
                    + ": the file was finished by an earlier run");
        }
        return writer;
    }

    /** Forces everything written so far to the disk, so that a journal may say so. */
    public void force() {
        writers.values().forEach(SafetensorsWriter::force);
    }

    /** The layout being written. */
    public CheckpointLayout layout() {
        return layout;
    }

    /** Finishes all shards, then writes the index. Throws IllegalStateException naming a tensor that nobody wrote. */
    public void finish() {
        writers.values().forEach(SafetensorsWriter::requireComplete);
        writers.values().forEach(SafetensorsWriter::finish);
        if (layout.shards().size() > 1) {
            DurableFile.write(folder.resolve(Checkpoint.INDEX), layout.index());
        }
    }

    /** Closes all files; without {@link #finish} they keep their temporary names. */
    @Override
    public void close() {
        writers.values().forEach(SafetensorsWriter::close);
    }
}
