package org.mojave.format.safetensors;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.mojave.format.file.PartialFile;
import org.mojave.format.tensor.ElementType;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Where every tensor of a safetensors file will lie, known before the first byte is written; therefore also the exact
 * size of the file. Tensors keep the order given. Gaps that alignment asks for become U8 tensors named {@code
 * __padding.N}, so that the file stays contiguous as the format demands.
 *
 * <p>Example: {@code SafetensorsLayout.of(entries, Map.of("format", "pt")).fileBytes()} is a dry run.
 */
public final class SafetensorsLayout {
    private static final JsonFactory JSON = new JsonFactory();

    private final Map<String, Placed> tensors;
    private final List<Placed> padding;
    private final byte[] header;
    private final long fileBytes;

    /** A tensor and its place in the file, {@code begin} inclusive to {@code end} exclusive, counted from the file's start. */
    public record Placed(TensorEntry entry, long begin, long end) {
        /** Size of the tensor in bytes. */
        public long bytes() {
            return end - begin;
        }
    }

    private SafetensorsLayout(Map<String, Placed> tensors, List<Placed> padding, byte[] header, long fileBytes) {
        this.tensors = Collections.unmodifiableMap(tensors);
        this.padding = List.copyOf(padding);
        this.header = header;
        this.fileBytes = fileBytes;
    }

    /** Lays out tensors in the order given; throws IllegalArgumentException for a name given twice. */
    public static SafetensorsLayout of(List<TensorEntry> entries, Map<String, String> metadata) {
        Map<String, String> sorted = new TreeMap<>(metadata);
        // The header's length decides where the data starts, which decides the padding, which stands in the header.
        // The start only ever grows, so this ends; what a shorter header leaves is filled with spaces.
        long dataStart = 16;
        while (true) {
            Draft draft = new Draft(dataStart);
            entries.forEach(draft::add);
            byte[] json = draft.json(sorted);
            long needed = (8L + json.length + 7) / 8 * 8;
            if (needed - 8 > SafetensorsFile.MAXIMUM_HEADER_BYTES) {
                throw new IllegalArgumentException(entries.size() + " tensors need a header of " + needed
                        + " bytes; split them over several files");
            }
            if (needed <= dataStart) {
                return new SafetensorsLayout(draft.tensors, draft.padding, framed(json, (int) dataStart), draft.position);
            }
            dataStart = needed;
        }
    }

    private static byte[] framed(byte[] json, int dataStart) {
        ByteBuffer framed = ByteBuffer.allocate(dataStart).order(ByteOrder.LITTLE_ENDIAN);
        framed.putLong(dataStart - 8L).put(json);
        while (framed.hasRemaining()) {
            framed.put((byte) ' ');
        }
        return framed.array();
    }

    /** The file's first bytes (length word, JSON and trailing spaces) and its size. */
    PartialFile.Plan plan() {
        return new PartialFile.Plan(header, fileBytes);
    }

    /** The tensors in file order, without padding. */
    public Map<String, Placed> tensors() {
        return tensors;
    }

    /** The padding tensors. */
    List<Placed> padding() {
        return padding;
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

    /** Bytes of all tensors without header and padding. */
    public long tensorBytes() {
        return tensors.values().stream().mapToLong(Placed::bytes).sum();
    }

    /** One attempt at a layout, for one start of the data. */
    private static final class Draft {
        private final long dataStart;
        private final Map<String, Placed> tensors = new LinkedHashMap<>();
        private final List<Placed> padding = new ArrayList<>();
        private final Map<String, Header> headers = new LinkedHashMap<>();
        private long position;

        private record Header(ElementType type, List<Long> shape, long begin, long end) {}

        Draft(long dataStart) {
            this.dataStart = dataStart;
            this.position = dataStart;
        }

        void add(TensorEntry entry) {
            long gap = entry.bytes() == 0 ? 0 : -position & (entry.alignment() - 1L);
            if (gap > 0) {
                String name = SafetensorsFile.PADDING_PREFIX + padding.size();
                headers.put(name, new Header(ElementType.U8, List.of(gap), position - dataStart, position + gap - dataStart));
                padding.add(new Placed(entry, position, position + gap));
                position += gap;
            }
            long end = Math.addExact(position, entry.bytes());
            if (tensors.put(entry.name(), new Placed(entry, position, end)) != null) {
                throw new IllegalArgumentException("two tensors are called " + entry.name());
            }
            headers.put(entry.name(), new Header(entry.type(), entry.shape(), position - dataStart, end - dataStart));
            position = end;
        }

        byte[] json(Map<String, String> metadata) {
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            try (JsonGenerator out = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
                out.writeStartObject();
                if (!metadata.isEmpty()) {
                    out.writeName(SafetensorsFile.METADATA).writeStartObject();
                    metadata.forEach(out::writeStringProperty);
                    out.writeEndObject();
                }
                headers.forEach((name, header) -> write(out, name, header));
                out.writeEndObject();
            }
            return text.toByteArray();
        }

        private static void write(JsonGenerator out, String name, Header header) {
            out.writeName(name).writeStartObject().writeStringProperty("dtype", header.type.wireName());
            out.writeName("shape").writeStartArray();
            header.shape.forEach(out::writeNumber);
            out.writeEndArray();
            out.writeName("data_offsets").writeStartArray().writeNumber(header.begin).writeNumber(header.end);
            out.writeEndArray().writeEndObject();
        }
    }
}
