package org.mojave.format.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.TensorData;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One mapped safetensors file. The mapping lives as long as the arena it was opened in.
 *
 * <p>Layout: 8 bytes little-endian header length N, N bytes of JSON, then the data; offsets in the header count from the
 * end of the header. Every count, offset and size is checked against the file before anything is allocated.
 */
public final class SafetensorsFile {
    /** The reference implementation's limit. */
    static final long MAXIMUM_HEADER_BYTES = 100_000_000;
    /** Header key of the free-form strings. */
    static final String METADATA = "__metadata__";
    /** Names of tensors that only fill gaps start with this. */
    static final String PADDING_PREFIX = "__padding.";

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final Map<String, TensorData> tensors;
    private final Map<String, String> metadata;
    private final long dataStart;

    private SafetensorsFile(Path path, Map<String, TensorData> tensors, Map<String, String> metadata, long dataStart) {
        this.path = path;
        this.tensors = tensors;
        this.metadata = metadata;
        this.dataStart = dataStart;
    }

    /** Maps and checks a file; throws {@link CheckpointException} naming file, tensor and offset. */
    public static SafetensorsFile open(Path path, Arena arena) {
        MemorySegment mapped;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw new CheckpointException(path.toString(), Files.exists(path) ? "cannot be read (" + e.getMessage() + ")"
                    : "no such file", e);
        }
        return parse(path, mapped);
    }

    static SafetensorsFile parse(Path path, MemorySegment file) {
        long size = file.byteSize();
        if (size < 8) {
            throw new CheckpointException(path.toString(), "only " + size
                    + " bytes, a safetensors file has at least 8; the download is incomplete");
        }
        long headerBytes = file.get(LONG, 0);
        if (headerBytes < 2 || headerBytes > Math.min(MAXIMUM_HEADER_BYTES, size - 8)) {
            throw new CheckpointException(path + " at byte 0", "header length " + Long.toUnsignedString(headerBytes)
                    + " does not fit the file of " + size + " bytes; truncated, or not safetensors");
        }
        return new Parser(path, file, headerBytes).parse();
    }

    /** Whether a tensor of that name only fills a gap, so that another one starts where it should. */
    public static boolean isPadding(String name) {
        return name.startsWith(PADDING_PREFIX);
    }

    /** The file. */
    public Path path() {
        return path;
    }

    /** All tensors in header order. */
    public Map<String, TensorData> tensors() {
        return tensors;
    }

    /** The free-form {@code __metadata__} strings. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** Byte offset in the file where tensor data starts. */
    public long dataStart() {
        return dataStart;
    }

    /** One header being checked. */
    private static final class Parser {
        private static final Set<String> FIELDS = Set.of("dtype", "shape", "data_offsets");
        private final Path path;
        private final MemorySegment file;
        private final long headerBytes;
        private final long dataStart;

        Parser(Path path, MemorySegment file, long headerBytes) {
            this.path = path;
            this.file = file;
            this.headerBytes = headerBytes;
            this.dataStart = 8 + headerBytes;
        }

        SafetensorsFile parse() {
            JsonNode header;
            try {
                byte[] text = file.asSlice(8, headerBytes).toArray(ValueLayout.JAVA_BYTE);
                header = JSON.readTree(text);
            } catch (JacksonException e) {
                throw new CheckpointException(path + " at byte 8", "the header is not valid JSON ("
                        + e.getOriginalMessage() + ")", e);
            }
            if (header == null || !header.isObject()) {
                throw new CheckpointException(path + " at byte 8", "the header is not a JSON object");
            }
            Map<String, String> metadata = new LinkedHashMap<>();
            Map<String, TensorData> tensors = new LinkedHashMap<>();
            List<Range> ranges = new ArrayList<>();
            for (Map.Entry<String, JsonNode> entry : header.properties()) {
                if (entry.getKey().equals("__metadata__")) {
                    readMetadata(entry.getValue(), metadata);
                } else {
                    Range range = readRange(entry.getKey(), entry.getValue());
                    ranges.add(range);
                    tensors.put(range.name, range.tensor(file, dataStart));
                }
            }
            checkCoverage(ranges);
            return new SafetensorsFile(path, Collections.unmodifiableMap(tensors), Map.copyOf(metadata), dataStart);
        }

        private void readMetadata(JsonNode node, Map<String, String> metadata) {
            if (!node.isObject()) {
                throw new CheckpointException(path + ", __metadata__", "is not a JSON object");
            }
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                if (!entry.getValue().isString()) {
                    throw new CheckpointException(path + ", __metadata__." + entry.getKey(), "is not a string");
                }
                metadata.put(entry.getKey(), entry.getValue().stringValue());
            }
        }

        private Range readRange(String name, JsonNode node) {
            if (!node.isObject() || !node.propertyNames().containsAll(FIELDS)) {
                throw at(name, "needs dtype, shape and data_offsets");
            }
            JsonNode typeName = node.get("dtype");
            Optional<ElementType> type = typeName.isString() ? ElementType.ofWireName(typeName.stringValue()) : Optional.empty();
            if (type.isEmpty()) {
                throw at(name, "unknown dtype " + typeName);
            }
            List<Long> shape = new ArrayList<>();
            for (JsonNode dimension : array(name, node, "shape")) {
                shape.add(count(name, "shape", dimension));
            }
            JsonNode offsets = array(name, node, "data_offsets");
            if (offsets.size() != 2) {
                throw at(name, "data_offsets has " + offsets.size() + " entries, not 2");
            }
            Range range = new Range(name, type.get(), shape, count(name, "data_offsets", offsets.get(0)),
                    count(name, "data_offsets", offsets.get(1)));
            check(range);
            return range;
        }

        private void check(Range range) {
            long available = file.byteSize() - dataStart;
            if (range.begin > range.end || range.end > available) {
                throw at(range.name, "bytes " + range.begin + ".." + range.end + " (file offset " + dataStart + " + "
                        + range.begin + ") lie outside the " + available + " data bytes; the file is truncated or its header lies");
            }
            long expected;
            try {
                expected = Math.multiplyExact(TensorData.elements(range.shape), range.type.bytes());
            } catch (ArithmeticException e) {
                throw new CheckpointException(path + ", tensor " + range.name, "shape " + range.shape + " overflows", e);
            }
            if (expected != range.end - range.begin) {
                throw at(range.name, "shape " + range.shape + " of " + range.type.wireName() + " needs " + expected
                        + " bytes, the header gives " + (range.end - range.begin) + " at file offset " + (dataStart + range.begin));
            }
        }

        private void checkCoverage(List<Range> ranges) {
            List<Range> sorted = new ArrayList<>(ranges);
            sorted.sort(Comparator.comparingLong(Range::begin).thenComparingLong(Range::end));
            long position = 0;
            for (Range range : sorted) {
                if (range.begin != position) {
                    throw at(range.name, (range.begin < position ? "overlaps another tensor" : "leaves a hole")
                            + " at file offset " + (dataStart + Math.min(range.begin, position)));
                }
                position = range.end;
            }
            if (position != file.byteSize() - dataStart) {
                throw new CheckpointException(path + " at byte " + (dataStart + position), file.byteSize() - dataStart - position
                        + " bytes belong to no tensor");
            }
        }

        private JsonNode array(String name, JsonNode node, String field) {
            JsonNode value = node.get(field);
            if (!value.isArray()) {
                throw at(name, field + " is not a list");
            }
            return value;
        }

        private long count(String name, String field, JsonNode node) {
            if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
                throw at(name, field + " holds " + clipped(node) + ", not a count");
            }
            return node.longValue();
        }

        private static String clipped(JsonNode node) {
            String text = node.toString();
            return text.length() > 40 ? text.substring(0, 40) + "…" : text;
        }

        private CheckpointException at(String name, String problem) {
            return new CheckpointException(path + ", tensor " + name, problem);
        }
    }

    private record Range(String name, ElementType type, List<Long> shape, long begin, long end) {
        TensorData tensor(MemorySegment file, long dataStart) {
            return new TensorData(name, type, shape, file.asSlice(dataStart + begin, end - begin));
        }
    }
}
