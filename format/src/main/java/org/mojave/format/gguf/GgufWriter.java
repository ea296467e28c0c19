package org.mojave.format.gguf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.mojave.format.file.PartialFile;
import org.mojave.format.gguf.codec.BlockEncoder;

/**
 * Writes one GGUF file whose layout is known beforehand. The header comes first, then data in any order, whole tensors or
 * pieces; several threads may write at once. Until {@link #finish} the file is called {@code NAME.partial}; closing without
 * finishing leaves it there, to be continued with {@link #resume}.
 *
 * <p>Example:
 * <pre>{@code
 * var layout = GgufLayout.of(metadata, List.of(GgufEntry.of("output.weight", GgufType.Q8_0, rows, columns)));
 * try (var writer = GgufWriter.create(file, layout)) {
 *     writer.encode("output.weight", 0, floats);
 *     writer.finish();
 * }
 * }</pre>
 */
public final class GgufWriter implements AutoCloseable {
    private final Path target;
    private final GgufLayout layout;
    private final PartialFile file;

    private GgufWriter(Path target, GgufLayout layout, PartialFile file) {
        this.target = target;
        this.layout = layout;
        this.file = file;
        long position = 0;
        for (GgufLayout.Placed place : layout.tensors().values()) {
            file.keep(position, place.begin());
            position = place.end();
        }
        file.keep(position, layout.fileBytes());
    }

    /** Begins a file; an older partial file of that name is overwritten. */
    public static GgufWriter create(Path target, GgufLayout layout) {
        return new GgufWriter(target, layout, PartialFile.create(target, layout.plan()));
    }

    /**
     * Continues the partial file that {@link #create} left; say with {@link #keep} which tensors were written before. Throws
     * {@link org.mojave.format.tensor.CheckpointException} if there is none or it was begun for another layout.
     */
    public static GgufWriter resume(Path target, GgufLayout layout) {
        return new GgufWriter(target, layout, PartialFile.resume(target, layout.plan()));
    }

    /** Declares that a tensor was written before {@link #resume} and shall be kept as it is. */
    public void keep(String name) {
        GgufLayout.Placed place = layout.tensor(name);
        file.keep(place.begin(), place.end());
    }

    /** Writes a whole tensor's blocks; {@code data} must have exactly their size. */
    public void write(String name, MemorySegment data) {
        if (data.byteSize() != layout.tensor(name).bytes()) {
            throw new IllegalArgumentException("tensor " + name + " has " + layout.tensor(name).bytes() + " bytes, got "
                    + data.byteSize());
        }
        write(name, 0, data);
    }

    /** Writes a piece of a tensor, starting {@code offset} bytes into it. */
    public void write(String name, long offset, MemorySegment data) {
        GgufLayout.Placed place = layout.tensor(name);
        if (offset < 0 || offset > place.bytes() || data.byteSize() > place.bytes() - offset) {
            throw new IllegalArgumentException("tensor " + name + " has " + place.bytes() + " bytes, got " + data.byteSize()
                    + " for offset " + offset);
        }
        file.write(place.begin() + offset, data);
    }

    /**
     * Encodes floats as elements {@code first …} of a tensor whose type can be written (F32, F16, BF16, Q8_0, Q4_0); both
     * {@code first} and the number of floats must be multiples of its block.
     */
    public void encode(String name, long first, float[] values) {
        GgufType type = layout.tensor(name).entry().type();
        if (!(type.codec().orElse(null) instanceof BlockEncoder encoder)) {
            throw new IllegalArgumentException("tensor " + name + ": " + type + " cannot be encoded");
        }
        int elements = encoder.blockElements();
        if (first % elements != 0 || values.length % elements != 0) {
            throw new IllegalArgumentException("tensor " + name + ": elements " + first + " + " + values.length
                    + " cut a block of " + elements);
        }
        int blocks = values.length / elements;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment encoded = arena.allocate((long) blocks * encoder.blockBytes());
            encoder.encode(values, 0, encoded, 0, blocks);
            write(name, first / elements * encoder.blockBytes(), encoded);
        }
    }

    /** Forces the data to the disk and gives the file its final name; IllegalStateException if a tensor lacks bytes. */
    public void finish() {
        long gap = file.firstGap();
        if (gap < layout.fileBytes()) {
            String name = layout.tensors().values().stream().filter(place -> place.begin() <= gap && gap < place.end())
                    .map(place -> place.entry().name()).findFirst().orElseThrow();
            throw new IllegalStateException(target + ", tensor " + name + ": not written at file offset " + gap);
        }
        file.finish();
    }

    /** Closes the file; without {@link #finish} it keeps its temporary name. */
    @Override
    public void close() {
        file.close();
    }
}
