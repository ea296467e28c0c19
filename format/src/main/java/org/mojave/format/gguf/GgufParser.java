package org.mojave.format.gguf;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.mojave.format.file.HeaderBudget;
import org.mojave.format.tensor.CheckpointException;

/** Reads one header, checking every count, offset and size against the file before it makes anything. */
final class GgufParser {
    private static final int MAXIMUM_NAME = 4096;
    private static final int MAXIMUM_DIMENSIONS = 4;
    /** Key length, type and a value of one byte. */
    private static final int LEAST_ENTRY_BYTES = 8 + 4 + 1;
    /** Name length, number of dimensions, type, offset. */
    private static final int LEAST_TENSOR_BYTES = 8 + 4 + 4 + 8;

    private final Path path;
    private final MemorySegment file;
    private final GgufCursor cursor;
    private final HeaderBudget budget;
    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
    private final Map<String, Info> infos = new LinkedHashMap<>();

    private record Info(String name, GgufType type, Long[] shape, long offset, long bytes) {}

    GgufParser(Path path, MemorySegment file) {
        this.path = path;
        this.file = file;
        this.cursor = new GgufCursor(path.toString(), file);
        this.budget = new HeaderBudget(path.toString(), file.byteSize());
    }

    GgufFile parse() {
        if (cursor.left() < 4 || cursor.readInt() != GgufFile.MAGIC) {
            throw new CheckpointException(path + " at byte 0", "does not start with GGUF; not a GGUF file");
        }
        int version = cursor.readInt();
        if (version != 2 && version != 3) {
            int swapped = Integer.reverseBytes(version);
            throw new CheckpointException(path + " at byte 4", swapped > 0 && swapped < 16
                    ? "is a big-endian GGUF file; convert it to little-endian"
                    : "GGUF version " + Integer.toUnsignedString(version) + "; versions 2 and 3 can be read");
        }
        long tensorCount = cursor.count("tensors", LEAST_TENSOR_BYTES);
        long entryCount = cursor.count("metadata entries", LEAST_ENTRY_BYTES);
        for (long i = 0; i < entryCount; i++) {
            readEntry();
        }
        long alignment = alignment();
        for (long i = 0; i < tensorCount; i++) {
            readInfo(alignment);
        }
        long dataStart = aligned(cursor.position(), alignment);
        if (tensorCount == 0) {
            dataStart = Math.min(dataStart, file.byteSize());
        } else if (dataStart > file.byteSize()) {
            throw cursor.at("the file ends before its tensor data; it is truncated");
        }
        checkCoverage(dataStart, alignment);
        return new GgufFile(path, version, alignment, Collections.unmodifiableMap(metadata), tensors(dataStart), dataStart);
    }

    private void readEntry() {
        budget.charge(320);
        budget.chargeText(cursor.textBytes());
        String key = cursor.text(MAXIMUM_NAME);
        GgufValueType type = cursor.valueType();
        if (type == GgufValueType.STRING) {
            budget.chargeText(cursor.textBytes());
        }
        if (metadata.put(key, cursor.value(type)) != null) {
            throw cursor.at("key " + key + " stands twice");
        }
    }

    private long alignment() {
        GgufValue value = metadata.get(GgufFile.ALIGNMENT);
        if (value == null) {
            return GgufFile.DEFAULT_ALIGNMENT;
        }
        if (!(value instanceof GgufValue.Whole(GgufValueType type, long alignment)) || type != GgufValueType.UINT32
                || Long.bitCount(alignment) != 1) {
            throw new CheckpointException(path + ", key " + GgufFile.ALIGNMENT, "is not a UINT32 power of two");
        }
        return alignment;
    }

    private void readInfo(long alignment) {
        budget.charge(HeaderBudget.TENSOR_BYTES + MAXIMUM_DIMENSIONS * HeaderBudget.DIMENSION_BYTES);
        budget.chargeText(cursor.textBytes());
        String name = cursor.text(MAXIMUM_NAME);
        int dimensions = cursor.readInt();
        if (dimensions < 0 || dimensions > MAXIMUM_DIMENSIONS) {
            throw at(name, "has " + Integer.toUnsignedString(dimensions) + " dimensions; at most " + MAXIMUM_DIMENSIONS
                    + " are allowed");
        }
        Long[] shape = new Long[dimensions];
        for (int i = dimensions - 1; i >= 0; i--) {
            shape[i] = cursor.readLong();
            if (shape[i] < 0) {
                throw at(name, "has a dimension of " + Long.toUnsignedString(shape[i]));
            }
        }
        int typeId = cursor.readInt();
        GgufType type = GgufType.ofWireId(typeId)
                .orElseThrow(() -> at(name, "has unknown type " + Integer.toUnsignedString(typeId)));
        long offset = cursor.readLong();
        if (offset < 0 || offset % alignment != 0) {
            throw at(name, "offset " + Long.toUnsignedString(offset) + " is not a multiple of the alignment " + alignment);
        }
        if (infos.put(name, new Info(name, type, shape, offset, bytes(name, type, shape))) != null) {
            throw at(name, "stands twice");
        }
    }

    private long bytes(String name, GgufType type, Long[] shape) {
        try {
            return GgufTensor.bytes(type, Arrays.asList(shape));
        } catch (ArithmeticException e) {
            throw new CheckpointException(path + ", tensor " + name, "shape " + Arrays.toString(shape) + " overflows", e);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(path + ", tensor " + name, e.getMessage(), e);
        }
    }

    /** Tensors follow each other with less than one alignment between them, as ggml demands, and end with the file. */
    private void checkCoverage(long dataStart, long alignment) {
        Info[] sorted = infos.values().toArray(Info[]::new);
        Arrays.sort(sorted, Comparator.comparingLong(Info::offset).thenComparingLong(Info::bytes));
        long available = file.byteSize() - dataStart;
        long end = 0;
        for (Info info : sorted) {
            if (info.bytes > available || info.offset > available - info.bytes) {
                throw at(info.name, "bytes " + info.offset + " + " + info.bytes + " (file offset " + dataStart + " + "
                        + info.offset + ") lie outside the " + available + " data bytes; the file is truncated or its header lies");
            }
            if (info.offset != aligned(end, alignment)) {
                throw at(info.name, (info.offset < end ? "overlaps another tensor" : "leaves a hole before it")
                        + " at file offset " + (dataStart + Math.min(info.offset, end)));
            }
            end = info.offset + info.bytes;
        }
        if (available > aligned(end, alignment)) {
            throw new CheckpointException(path + " at byte " + (dataStart + end), available - end + " bytes belong to no tensor");
        }
    }

    private Map<String, GgufTensor> tensors(long dataStart) {
        Map<String, GgufTensor> tensors = new LinkedHashMap<>();
        infos.forEach((name, info) -> tensors.put(name, new GgufTensor(name, info.type, Arrays.asList(info.shape),
                file.asSlice(dataStart + info.offset, info.bytes))));
        return Collections.unmodifiableMap(tensors);
    }

    /** {@code position}, at most a file's size, rounded up; alignments are at most 2^31. */
    private static long aligned(long position, long alignment) {
        return (position + alignment - 1) / alignment * alignment;
    }

    private CheckpointException at(String name, String problem) {
        return new CheckpointException(path + ", tensor " + (name.length() > 200 ? name.substring(0, 200) + "…" : name)
                + " (header byte " + cursor.position() + ")", problem);
    }
}
