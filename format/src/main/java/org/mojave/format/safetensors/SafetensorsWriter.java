package org.mojave.format.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.mojave.format.file.DurableFile;
import org.mojave.format.tensor.CheckpointException;

/**
 * Writes one safetensors file whose layout is known beforehand. The header comes first, then data in any order, whole
 * tensors or pieces; several threads may write at once. Until {@link #finish} the file is called {@code NAME.partial};
 * closing without finishing leaves it there, to be continued with {@link #resume}.
 *
 * <p>Example:
 * <pre>{@code
 * var layout = SafetensorsLayout.of(entries, Map.of("format", "pt"));
 * try (var writer = SafetensorsWriter.create(file, layout)) {
 *     writer.write("model.norm.weight", bytes);
 *     writer.finish();
 * }
 * }</pre>
 *
 * <p>Disk failures are {@link java.io.UncheckedIOException} with the file in the message.
 */
public final class SafetensorsWriter implements AutoCloseable {
    private final Path target;
    private final SafetensorsLayout layout;
    private final FileChannel channel;
    private final ByteCoverage written = new ByteCoverage();
    private boolean finished;

    private SafetensorsWriter(Path target, SafetensorsLayout layout, FileChannel channel) {
        this.target = target;
        this.layout = layout;
        this.channel = channel;
        layout.padding().forEach(padding -> written.add(padding.begin(), padding.end()));
    }

    /** Begins a file; an older partial file of that name is overwritten. */
    public static SafetensorsWriter create(Path target, SafetensorsLayout layout) {
        try {
            FileChannel channel = FileChannel.open(DurableFile.partial(target), StandardOpenOption.READ,
                    StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
            try {
                return begin(target, layout, channel);
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw DurableFile.failed(target, e);
        }
    }

    /**
     * Continues the partial file that {@link #create} left. Bytes written then are still there, but this object does not
     * know which: say so with {@link #keep} before {@link #finish}. Throws {@link CheckpointException} if there is no
     * partial file or its header differs from the one this layout would write.
     */
    public static SafetensorsWriter resume(Path target, SafetensorsLayout layout) {
        Path partial = DurableFile.partial(target);
        if (!Files.exists(partial)) {
            throw new CheckpointException(partial.toString(), "no such file; there is nothing to resume");
        }
        try {
            FileChannel channel = FileChannel.open(partial, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                ByteBuffer found = readStart(channel, layout.header().length);
                // The length word is written last: without it the earlier run died before it could write any data.
                if (found.limit() < 8 || found.getLong(0) == 0) {
                    channel.truncate(0);
                    return begin(target, layout, channel);
                }
                if (!found.equals(ByteBuffer.wrap(layout.header())) || channel.size() != layout.fileBytes()) {
                    throw new CheckpointException(partial.toString(),
                            "was begun for other tensors; delete it, or resume with the settings it was begun with");
                }
                return new SafetensorsWriter(target, layout, channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw DurableFile.failed(target, e);
        }
    }

    /** Whether the finished file stands there already with exactly this header and size. */
    public static boolean isFinished(Path target, SafetensorsLayout layout) {
        try (FileChannel channel = FileChannel.open(target, StandardOpenOption.READ)) {
            return channel.size() == layout.fileBytes()
                    && readStart(channel, layout.header().length).equals(ByteBuffer.wrap(layout.header()));
        } catch (IOException e) {
            return false;
        }
    }

    private static SafetensorsWriter begin(Path target, SafetensorsLayout layout, FileChannel channel) throws IOException {
        MemorySegment header = MemorySegment.ofArray(layout.header());
        if (layout.fileBytes() > header.byteSize()) {
            DurableFile.writeAt(channel, MemorySegment.ofArray(new byte[1]), layout.fileBytes() - 1);
        }
        DurableFile.writeAt(channel, header.asSlice(8), 8);
        channel.force(true);
        DurableFile.writeAt(channel, header.asSlice(0, 8), 0);
        channel.force(true);
        return new SafetensorsWriter(target, layout, channel);
    }

    private static ByteBuffer readStart(FileChannel channel, int bytes) throws IOException {
        ByteBuffer start = ByteBuffer.allocate((int) Math.min(bytes, channel.size()));
        while (start.hasRemaining() && channel.read(start, start.position()) > 0) {
            continue;
        }
        return start.flip();
    }

    /** The layout being written. */
    public SafetensorsLayout layout() {
        return layout;
    }

    /** Writes a whole tensor; {@code data}, native or on the heap, little-endian, must have exactly its size. */
    public void write(String name, MemorySegment data) {
        SafetensorsLayout.Placed place = layout.tensor(name);
        if (data.byteSize() != place.end() - place.begin()) {
            throw new IllegalArgumentException("tensor " + name + " of " + place.entry().type() + place.entry().shape() + " has "
                    + (place.end() - place.begin()) + " bytes, got " + data.byteSize());
        }
        write(name, 0, data);
    }

    /** Writes a piece of a tensor, starting {@code offset} bytes into it. */
    public void write(String name, long offset, MemorySegment data) {
        SafetensorsLayout.Placed place = layout.tensor(name);
        long size = place.end() - place.begin();
        if (offset < 0 || offset > size || data.byteSize() > size - offset) {
            throw new IllegalArgumentException("tensor " + name + " has " + size + " bytes, got " + data.byteSize()
                    + " for offset " + offset);
        }
        long begin = place.begin() + offset;
        try {
            DurableFile.writeAt(channel, data, begin);
        } catch (IOException e) {
            throw DurableFile.failed(target, e);
        }
        written.add(begin, begin + data.byteSize());
    }

    /** Declares that a tensor was written before {@link #resume} and shall be kept as it is. */
    public void keep(String name) {
        SafetensorsLayout.Placed place = layout.tensor(name);
        written.add(place.begin(), place.end());
    }

    /** Forces everything written so far to the disk, so that a journal may say so. */
    public void force() {
        try {
            channel.force(false);
        } catch (IOException e) {
            throw DurableFile.failed(target, e);
        }
    }

    /** Throws IllegalStateException naming the first tensor that has bytes nobody wrote or kept. */
    public void requireComplete() {
        long gap = written.firstGap(layout.header().length);
        if (gap < layout.fileBytes()) {
            String name = layout.tensors().values().stream().filter(p -> p.begin() <= gap && gap < p.end())
                    .map(p -> p.entry().name()).findFirst().orElseThrow();
            throw new IllegalStateException(target + ", tensor " + name + ": not written at file offset " + gap);
        }
    }

    /** Forces the data to the disk and gives the file its final name, after {@link #requireComplete}. */
    public void finish() {
        requireComplete();
        if (!finished) {
            force();
            close();
            DurableFile.publish(target);
            finished = true;
        }
    }

    /** Closes the file; without {@link #finish} it keeps its temporary name. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw DurableFile.failed(target, e);
        }
    }
}
