package org.mojave.cli.inspect;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.format.gguf.GgufFile;
import org.mojave.format.gguf.GgufValue;
import org.mojave.format.safetensors.SafetensorsFile;

/**
 * The header of one weight file.
 *
 * @param format {@code safetensors} or {@code gguf}
 * @param fileBytes its size
 * @param metadata what it says about itself
 * @param tensors in file order
 */
public record FileSummary(String format, long fileBytes, Map<String, String> metadata, List<Tensor> tensors) {
    private static final int LONGEST_TEXT = 100;

    /**
     * One tensor.
     *
     * @param name in the file
     * @param type in the spelling of the format
     * @param shape outermost dimension first
     * @param bytes in the file
     */
    public record Tensor(String name, String type, List<Long> shape, long bytes) {}

    /** Reads a GGUF header; throws CheckpointException if it is none. */
    public static FileSummary ofGguf(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            GgufFile opened = GgufFile.open(file, arena);
            Map<String, String> metadata = new LinkedHashMap<>();
            opened.metadata().forEach((key, value) -> metadata.put(key, shown(value)));
            List<Tensor> tensors = opened.tensors().values().stream()
                    .map(t -> new Tensor(t.name(), t.type().name(), t.shape(), t.bytes().byteSize())).toList();
            return new FileSummary("gguf", Files.size(file), metadata, tensors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String shown(GgufValue value) {
        return switch (value) {
            case GgufValue.Text(String text) -> text.length() > LONGEST_TEXT ? text.substring(0, LONGEST_TEXT) + "…" : text;
            case GgufValue.Whole(_, long number) -> Long.toString(number);
            case GgufValue.Real(_, double number) -> Double.toString(number);
            case GgufValue.Truth(boolean truth) -> Boolean.toString(truth);
            case GgufValue.Sequence sequence -> sequence.count() + " values of " + sequence.elementType();
        };
    }

    /** Reads a safetensors header; throws CheckpointException if it is none. */
    public static FileSummary ofSafetensors(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsFile opened = SafetensorsFile.open(file, arena);
            List<Tensor> tensors = opened.tensors().values().stream()
                    .map(t -> new Tensor(t.name(), t.type().wireName(), t.shape(), t.bytes().byteSize())).toList();
            return new FileSummary("safetensors", Files.size(file), opened.metadata(), tensors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
