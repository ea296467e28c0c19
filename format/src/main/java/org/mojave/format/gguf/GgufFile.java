package org.mojave.format.gguf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.mojave.format.file.MappedFile;
import org.mojave.format.tensor.CheckpointException;

/**
 * One mapped GGUF file. The mapping lives as long as the arena it was opened in. Reading the header takes no more heap than
 * the file's size plus {@link org.mojave.format.file.HeaderBudget#CONSTANT_BYTES}; arrays stay in the file.
 *
 * <p>Example: {@code GgufFile.open(path, arena).text("general.architecture")}.
 *
 * @param path the file
 * @param version 2 or 3
 * @param alignment tensors start at multiples of this many bytes after {@code dataStart}
 * @param metadata key to value, in file order
 * @param tensors name to tensor, in file order
 * @param dataStart byte offset in the file where tensor data starts
 */
public record GgufFile(Path path, int version, long alignment, Map<String, GgufValue> metadata, Map<String, GgufTensor> tensors,
        long dataStart) {
    /** Key of the alignment. */
    static final String ALIGNMENT = "general.alignment";
    /** Alignment of files that do not say. */
    static final int DEFAULT_ALIGNMENT = 32;
    /** "GGUF", little-endian. */
    static final int MAGIC = 0x46554747;

    /** Maps and checks a file; throws {@link CheckpointException} naming file, tensor and offset. */
    public static GgufFile open(Path path, Arena arena) {
        return parse(path, MappedFile.open(path, arena));
    }

    /** Checks a file that is mapped already; {@code path} is what messages call it. */
    public static GgufFile parse(Path path, MemorySegment file) {
        return new GgufParser(path, file).parse();
    }

    /** The tensor of that name; throws {@link CheckpointException} if there is none. */
    public GgufTensor tensor(String name) {
        GgufTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new CheckpointException(path + ", tensor " + name, "is missing from the file");
        }
        return tensor;
    }

    /** A text; empty if there is no such key, {@link CheckpointException} if it is something else. */
    public Optional<String> text(String key) {
        return Optional.ofNullable(metadata.get(key))
                .map(value -> switch (value) {
                    case GgufValue.Text(String text) -> text;
                    default -> throw mistyped(key, value, "a text");
                });
    }

    /** A whole number; empty if there is no such key, {@link CheckpointException} if it is something else. */
    public Optional<Long> whole(String key) {
        return Optional.ofNullable(metadata.get(key))
                .map(value -> switch (value) {
                    case GgufValue.Whole(_, long number) -> number;
                    default -> throw mistyped(key, value, "a whole number");
                });
    }

    /** A number; empty if there is no such key, {@link CheckpointException} if it is something else. */
    public Optional<Double> real(String key) {
        return Optional.ofNullable(metadata.get(key))
                .map(value -> switch (value) {
                    case GgufValue.Real(_, double number) -> number;
                    default -> throw mistyped(key, value, "a number");
                });
    }

    /** An array; empty if there is no such key, {@link CheckpointException} if it is something else. */
    public Optional<GgufValue.Sequence> sequence(String key) {
        return Optional.ofNullable(metadata.get(key))
                .map(value -> switch (value) {
                    case GgufValue.Sequence sequence -> sequence;
                    default -> throw mistyped(key, value, "an array");
                });
    }

    private CheckpointException mistyped(String key, GgufValue value, String expected) {
        return new CheckpointException(path + ", key " + key, "is " + value.type() + " where " + expected + " is expected");
    }
}
