package org.mojave.format.safetensors;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.mojave.format.file.PartialFile;

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
    private final PartialFile file;

    private SafetensorsWriter(Path target, SafetensorsLayout layout, PartialFile file) {
        this.target = target;
        this.layout = layout;
        this.file = file;
        layout.padding().forEach(padding -> file.keep(padding.begin(), padding.end()));
    }

    /** Begins a file; an older partial file of that name is overwritten. */
    public static SafetensorsWriter create(Path target, SafetensorsLayout layout) {
        return new SafetensorsWriter(target, layout, PartialFile.create(target, layout.plan()));
    }

    /**
     * Continues the partial file that {@link #create} left. Bytes written then are still there, but this object does not
     * know which: say so with {@link #keep} before {@link #finish}. Throws {@link
     * org.mojave.format.tensor.CheckpointException} if there is no partial file or its header differs from the one this
     * layout would write.
     */
    public static SafetensorsWriter resume(Path target, SafetensorsLayout layout) {
        return new SafetensorsWriter(target, layout, PartialFile.resume(target, layout.plan()));
    }

    /** Whether the finished file stands there already with exactly this header and size. */
    public static boolean isFinished(Path target, SafetensorsLayout layout) {
        return PartialFile.isFinished(target, layout.plan());
    }

    /** The layout being written. */
    public SafetensorsLayout layout() {
        return layout;
    }

    /** Writes a whole tensor; {@code data}, native or on the heap, little-endian, must have exactly its size. */
    public void write(String name, MemorySegment data) {
        SafetensorsLayout.Placed place = layout.tensor(name);
        if (data.byteSize() != place.bytes()) {
            throw new IllegalArgumentException("tensor " + name + " of " + place.entry().type() + place.entry().shape() + " has "
                    + place.bytes() + " bytes, got " + data.byteSize());
        }
        write(name, 0, data);
    }

    /** Writes a piece of a tensor, starting {@code offset} bytes into it. */
    public void write(String name, long offset, MemorySegment data) {
        SafetensorsLayout.Placed place = layout.tensor(name);
        if (offset < 0 || offset > place.bytes() || data.byteSize() > place.bytes() - offset) {
            throw new IllegalArgumentException("tensor " + name + " has " + place.bytes() + " bytes, got " + data.byteSize()
                    + " for offset " + offset);
        }
        file.write(place.begin() + offset, data);
    }

    /** Declares that a tensor was written before {@link #resume} and shall be kept as it is. */
    public void keep(String name) {
        SafetensorsLayout.Placed place = layout.tensor(name);
        file.keep(place.begin(), place.end());
    }

    /** Forces everything written so far to the disk, so that a journal may say so. */
    public void force() {
        file.force();
    }

    /** Throws IllegalStateException naming the first tensor that has bytes nobody wrote or kept. */
    public void requireComplete() {
        long gap = file.firstGap();
        if (gap < layout.fileBytes()) {
            String name = layout.tensors().values().stream().filter(place -> place.begin() <= gap && gap < place.end())
                    .map(place -> place.entry().name()).findFirst().orElseThrow();
            throw new IllegalStateException(target + ", tensor " + name + ": not written at file offset " + gap);
        }
    }

    /** Forces the data to the disk and gives the file its final name, after {@link #requireComplete}. */
    public void finish() {
        requireComplete();
        file.finish();
    }

    /** Closes the file; without {@link #finish} it keeps its temporary name. */
    @Override
    public void close() {
        file.close();
    }
}
