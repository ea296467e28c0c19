package org.mojave.format.gguf;

import java.io.ByteArrayOutputStream;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.format.file.PartialFile;

/**
 * Where every tensor of a GGUF file will lie, known before the first byte is written; therefore also the exact size of the
 * file. Tensors keep the order given and start at multiples of {@code general.alignment} (32 if the metadata does not say).
 * The file is of version 3.
 *
 * <p>Example: {@code GgufLayout.of(metadata, entries).fileBytes()} is a dry run.
 */
public final class GgufLayout {
    private static final int VERSION = 3;

    private final Map<String, Placed> tensors;
    private final byte[] header;
    private final long fileBytes;

    /** A tensor and its place in the file, {@code begin} inclusive to {@code end} exclusive, counted from the file's start. */
    public record Placed(GgufEntry entry, long begin, long end) {
        /** Size of the tensor in bytes. */
        public long bytes() {
            return end - begin;
        }
    }

    private GgufLayout(Map<String, Placed> tensors, byte[] header, long fileBytes) {
        this.tensors = Collections.unmodifiableMap(tensors);
        this.header = header;
        this.fileBytes = fileBytes;
    }

    /** Lays out tensors in the order given; metadata is written in the map's order. */
    public static GgufLayout of(Map<String, GgufValue> metadata, List<GgufEntry> entries) {
        long alignment = alignment(metadata);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        GgufEncoding.putNumber(out, GgufFile.MAGIC, 4);
        GgufEncoding.putNumber(out, VERSION, 4);
        GgufEncoding.putNumber(out, entries.size(), 8);
        GgufEncoding.putNumber(out, metadata.size(), 8);
        metadata.forEach((key, value) -> {
            GgufEncoding.putText(out, key);
            GgufEncoding.putNumber(out, value.type().wireId(), 4);
            GgufEncoding.putValue(out, value);
        });
        long offset = 0;
        for (GgufEntry entry : entries) {
            putInfo(out, entry, offset);
            offset = aligned(Math.addExact(offset, entry.bytes()), alignment);
        }
        while (out.size() % alignment != 0) {
            out.write(0);
        }
        return new GgufLayout(place(entries, out.size(), alignment), out.toByteArray(), out.size() + offset);
    }

    private static Map<String, Placed> place(List<GgufEntry> entries, long dataStart, long alignment) {
        Map<String, Placed> tensors = new LinkedHashMap<>();
        long position = dataStart;
        for (GgufEntry entry : entries) {
            if (tensors.put(entry.name(), new Placed(entry, position, position + entry.bytes())) != null) {
                throw new IllegalArgumentException("two tensors are called " + entry.name());
            }
            position = aligned(position + entry.bytes(), alignment);
        }
        return tensors;
    }

    private static void putInfo(ByteArrayOutputStream out, GgufEntry entry, long offset) {
        GgufEncoding.putText(out, entry.name());
        GgufEncoding.putNumber(out, entry.shape().size(), 4);
        entry.shape().reversed().forEach(dimension -> GgufEncoding.putNumber(out, dimension, 8));
        GgufEncoding.putNumber(out, entry.type().wireId(), 4);
        GgufEncoding.putNumber(out, offset, 8);
    }

    private static long alignment(Map<String, GgufValue> metadata) {
        GgufValue value = metadata.get(GgufFile.ALIGNMENT);
        if (value == null) {
            return GgufFile.DEFAULT_ALIGNMENT;
        }
        if (value instanceof GgufValue.Whole(GgufValueType type, long alignment) && type == GgufValueType.UINT32
                && Long.bitCount(alignment) == 1) {
            return alignment;
        }
        throw new IllegalArgumentException(GgufFile.ALIGNMENT + " is not a UINT32 power of two: " + value);
    }

    private static long aligned(long position, long alignment) {
        return Math.addExact(position, alignment - 1) / alignment * alignment;
    }

    /** The file's first bytes and its size. */
    PartialFile.Plan plan() {
        return new PartialFile.Plan(header, fileBytes);
    }

    /** The tensors in file order. */
    public Map<String, Placed> tensors() {
        return tensors;
    }

    /** The tensor of that name; throws IllegalArgumentException if it was not planned. */
    public Placed tensor(String name) {
        Placed placed = tensors.get(name);
        if (placed == null) {
            throw new IllegalArgumentException("no tensor " + name + " is planned for this file");
        }
        return placed;
    }

    /** Size of the finished file. */
    public long fileBytes() {
        return fileBytes;
    }
}
