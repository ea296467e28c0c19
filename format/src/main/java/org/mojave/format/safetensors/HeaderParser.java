package org.mojave.format.safetensors;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.format.file.HeaderBudget;
import org.mojave.format.file.JsonStream;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.TensorData;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamLocation;

/** Reads one header token by token, checking every count, offset and size against the file before it makes anything. */
final class HeaderParser {
    private static final int MAXIMUM_DIMENSIONS = 64;

    private final Path path;
    private final MemorySegment file;
    private final MemorySegment header;
    private final HeaderBudget budget;
    private final Map<String, TensorData> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    HeaderParser(Path path, MemorySegment file, long headerBytes) {
        this.path = path;
        this.file = file;
        this.header = file.asSlice(8, headerBytes);
        this.budget = new HeaderBudget(path.toString(), file.byteSize());
    }

    /** Byte offset in the file where tensor data starts. */
    private long dataStart() {
        return 8 + header.byteSize();
    }

    SafetensorsFile parse() {
        if (header.get(ValueLayout.JAVA_BYTE, 0) != '{' || header.get(ValueLayout.JAVA_BYTE, 1) == 0) {
            throw new CheckpointException(path + " at byte 8", "the header is not a JSON object; not a safetensors file");
        }
        try (JsonParser json = JsonStream.open(new SegmentInputStream(header))) {
            readObject(json);
        } catch (JacksonException e) {
            throw new CheckpointException(path + " at byte " + position(e.getLocation()), "the header is not valid JSON ("
                    + e.getOriginalMessage() + ")", e);
        }
        checkCoverage();
        return new SafetensorsFile(path, file, Collections.unmodifiableMap(tensors), Collections.unmodifiableMap(metadata),
                dataStart());
    }

    private void readObject(JsonParser json) {
        json.nextToken();
        boolean metadataSeen = false;
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = json.currentName();
            boolean isMetadata = name.equals(SafetensorsFile.METADATA);
            if (tensors.containsKey(name) || (isMetadata && metadataSeen)) {
                throw at(name, "stands twice in the header");
            }
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw at(name, "is not a JSON object");
            }
            if (isMetadata) {
                readMetadata(json);
                metadataSeen = true;
            } else {
                budget.charge(HeaderBudget.TENSOR_BYTES);
                budget.chargeText(name.length());
                tensors.put(name, readTensor(name, json));
            }
        }
        if (json.nextToken() != null) {
            throw new CheckpointException(path + " at byte " + position(json.currentTokenLocation()),
                    "the header goes on after its JSON object");
        }
    }

    private void readMetadata(JsonParser json) {
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            String key = json.currentName();
            if (json.nextToken() != JsonToken.VALUE_STRING) {
                throw new CheckpointException(path + ", __metadata__." + key, "is not a string");
            }
            String value = json.getString();
            budget.charge(128);
            budget.chargeText(key.length() + (long) value.length());
            if (metadata.put(key, value) != null) {
                throw new CheckpointException(path + ", __metadata__." + key, "stands twice in the header");
            }
        }
    }

    private TensorData readTensor(String name, JsonParser json) {
        ElementType type = null;
        List<Long> shape = null;
        List<Long> offsets = null;
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            String field = json.currentName();
            json.nextToken();
            boolean twice = switch (field) {
                case "dtype" -> type != null;
                case "shape" -> shape != null;
                case "data_offsets" -> offsets != null;
                default -> false;
            };
            if (twice) {
                throw at(name, field + " stands twice");
            }
            switch (field) {
                case "dtype" -> type = type(name, json);
                case "shape" -> shape = counts(name, field, json, MAXIMUM_DIMENSIONS);
                case "data_offsets" -> offsets = counts(name, field, json, 2);
                default -> json.skipChildren();
            }
        }
        if (type == null || shape == null || offsets == null || offsets.size() != 2) {
            throw at(name, "needs dtype, shape and two data_offsets");
        }
        return tensor(name, type, shape, offsets);
    }

    private ElementType type(String name, JsonParser json) {
        String wireName = json.currentToken() == JsonToken.VALUE_STRING ? json.getString() : json.currentToken().toString();
        return ElementType.ofWireName(wireName).orElseThrow(() -> at(name, "unknown dtype " + clipped(wireName)));
    }

    private List<Long> counts(String name, String field, JsonParser json, int maximum) {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw at(name, field + " is not a list");
        }
        List<Long> counts = new ArrayList<>(4);
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (counts.size() == maximum) {
                throw at(name, field + " has more than " + maximum + " entries");
            }
            budget.charge(HeaderBudget.DIMENSION_BYTES);
            counts.add(count(name, field, json));
        }
        return counts;
    }

    private long count(String name, String field, JsonParser json) {
        boolean fits = json.currentToken() == JsonToken.VALUE_NUMBER_INT
                && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
        if (!fits || json.getLongValue() < 0) {
            String text = json.currentToken() == null ? "nothing" : String.valueOf(json.getString());
            throw at(name, field + " holds " + clipped(text) + ", not a count");
        }
        return json.getLongValue();
    }

    private TensorData tensor(String name, ElementType type, List<Long> shape, List<Long> offsets) {
        long begin = offsets.get(0);
        long end = offsets.get(1);
        long available = file.byteSize() - dataStart();
        if (begin > end || end > available) {
            throw at(name, "bytes " + begin + ".." + end + " (file offset " + dataStart() + " + " + begin
                    + ") lie outside the " + available + " data bytes; the file is truncated or its header lies");
        }
        long expected;
        try {
            expected = Math.multiplyExact(TensorData.elements(shape), type.bytes());
        } catch (ArithmeticException e) {
            throw new CheckpointException(path + ", tensor " + name, "shape " + shape + " overflows", e);
        }
        if (expected != end - begin) {
            throw at(name, "shape " + shape + " of " + type.wireName() + " needs " + expected + " bytes, the header gives "
                    + (end - begin) + " at file offset " + (dataStart() + begin));
        }
        return new TensorData(name, type, shape, file.asSlice(dataStart() + begin, end - begin));
    }

    /** The format allows neither holes nor overlaps nor bytes that belong to nobody. */
    private void checkCoverage() {
        TensorData[] sorted = tensors.values().toArray(TensorData[]::new);
        Arrays.sort(sorted, Comparator.comparingLong((TensorData t) -> t.bytes().address())
                .thenComparingLong(t -> t.bytes().byteSize()));
        long position = dataStart();
        for (TensorData tensor : sorted) {
            long begin = tensor.bytes().address() - file.address();
            if (begin != position) {
                throw at(tensor.name(), (begin < position ? "overlaps another tensor" : "leaves a hole before it")
                        + " at file offset " + Math.min(begin, position));
            }
            position += tensor.bytes().byteSize();
        }
        if (position != file.byteSize()) {
            throw new CheckpointException(path + " at byte " + position, file.byteSize() - position
                    + " bytes belong to no tensor");
        }
    }

    /** File offset of a place in the header: the parser counts UTF-16 characters. */
    private long position(TokenStreamLocation location) {
        long characters = location == null ? 0 : location.getCharOffset();
        long offset = 0;
        while (characters > 0 && offset < header.byteSize()) {
            int lead = header.get(ValueLayout.JAVA_BYTE, offset) & 0xff;
            characters -= lead < 0xf0 ? 1 : 2;
            offset += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        }
        return 8 + Math.min(offset, header.byteSize());
    }

    private static String clipped(String text) {
        return text.length() > 40 ? text.substring(0, 40) + "…" : text;
    }

    private CheckpointException at(String name, String problem) {
        return new CheckpointException(path + ", tensor " + (name.length() > 200 ? name.substring(0, 200) + "…" : name), problem);
    }
}
