package org.mojave.format.gguf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.format.FormatContract;

class GgufContractTest extends FormatContract {
    private static final String KEY = "words";

    @Override
    protected long dryRun(Map<String, Long> sizes) {
        return layout(sizes).fileBytes();
    }

    @Override
    protected void write(Path file, Map<String, Long> sizes, List<Piece> pieces) {
        try (GgufWriter writer = GgufWriter.create(file, layout(sizes))) {
            pieces.forEach(piece -> writer.write(piece.tensor(), piece.offset(), MemorySegment.ofArray(piece.bytes())));
            sizes.keySet().forEach(writer::keep);
            writer.finish();
        }
    }

    @Override
    protected Map<String, MemorySegment> read(Path file, Arena arena) {
        Map<String, MemorySegment> tensors = new LinkedHashMap<>();
        GgufFile.open(file, arena).tensors().forEach((name, tensor) -> tensors.put(name, tensor.bytes()));
        return tensors;
    }

    /** Counts of tensors, entries, key bytes, array elements, first text's bytes; then of the first tensor. */
    @Override
    protected List<int[]> countsIn(byte[] file) {
        int array = 24 + 8 + KEY.length() + 4 + 4;
        int name = new String(file, StandardCharsets.ISO_8859_1).indexOf("tensor.64");
        int dimensions = name + "tensor.64".length();
        return List.of(new int[] {8, 8}, new int[] {16, 8}, new int[] {24, 8}, new int[] {array, 8}, new int[] {array + 8, 8},
                new int[] {name - 8, 8}, new int[] {dimensions, 4}, new int[] {dimensions + 4, 8},
                new int[] {dimensions + 16, 8});
    }

    private static GgufLayout layout(Map<String, Long> sizes) {
        return GgufLayout.of(Map.of(KEY, GgufValue.Sequence.texts(List.of("a", "bc"))), sizes.entrySet().stream()
                .map(entry -> GgufEntry.of(entry.getKey(), GgufType.I8, entry.getValue())).toList());
    }
}
