package org.mojave.format.safetensors;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import org.mojave.format.file.MappedFile;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.TensorData;

/**
 * One mapped safetensors file. The mapping lives as long as the arena it was opened in.
 *
 * <p>Layout: 8 bytes little-endian header length N, N bytes of JSON, then the data; offsets in the header count from the
 * end of the header. Every count, offset and size is checked against the file before anything is allocated; reading a header
 * takes no more heap than the file's size plus {@link org.mojave.format.file.HeaderBudget#CONSTANT_BYTES}.
 *
 * <p>Example: {@code SafetensorsFile.open(path, arena).tensors().get("model.norm.weight")}.
 */
public final class SafetensorsFile {
    /** The reference implementation's limit. */
    static final long MAXIMUM_HEADER_BYTES = 100_000_000;
    /** Header key of the free-form strings. */
    static final String METADATA = "__metadata__";
    /** Names of tensors that only fill gaps start with this. */
    static final String PADDING_PREFIX = "__padding.";

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final Map<String, TensorData> tensors;
    private final Map<String, String> metadata;
    private final long dataStart;
    private final MemorySegment file;

    SafetensorsFile(Path path, MemorySegment file, Map<String, TensorData> tensors, Map<String, String> metadata, long dataStart) {
        this.path = path;
        this.file = file;
        this.tensors = tensors;
        this.metadata = metadata;
        this.dataStart = dataStart;
    }

    /** Maps and checks a file; throws {@link CheckpointException} naming file, tensor and offset. */
    public static SafetensorsFile open(Path path, Arena arena) {
        return parse(path, MappedFile.open(path, arena));
    }

    /** Checks a file that is mapped already, or held off the heap; {@code path} is what messages call it. */
    public static SafetensorsFile parse(Path path, MemorySegment file) {
        long size = file.byteSize();
        if (size < 8) {
            throw new CheckpointException(path.toString(), "only " + size
                    + " bytes, a safetensors file has at least 8; the download is incomplete");
        }
        long headerBytes = file.get(LONG, 0);
        if (headerBytes > MAXIMUM_HEADER_BYTES && headerBytes <= size - 8) {
            throw new CheckpointException(path + " at byte 0", "header length " + headerBytes
                    + " is beyond the format's limit of " + MAXIMUM_HEADER_BYTES);
        }
        if (headerBytes < 2 || headerBytes > size - 8) {
            throw new CheckpointException(path + " at byte 0", "header length " + Long.toUnsignedString(headerBytes)
                    + " does not fit the file of " + size + " bytes; truncated, or not safetensors");
        }
        return new HeaderParser(path, file, headerBytes).parse();
    }

    /** Whether a tensor of that name only fills a gap, so that another one starts where it should. */
    public static boolean isPadding(String name) {
        return name.startsWith(PADDING_PREFIX);
    }

    /** The file. */
    public Path path() {
        return path;
    }

    /** All tensors in header order, those that only fill gaps included. */
    public Map<String, TensorData> tensors() {
        return tensors;
    }

    /** The free-form {@code __metadata__} strings. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** The whole file, as it was mapped or given. */
    public MemorySegment bytes() {
        return file;
    }

    /** Byte offset in the file where tensor data starts. */
    public long dataStart() {
        return dataStart;
    }
}
