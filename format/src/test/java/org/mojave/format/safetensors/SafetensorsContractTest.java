package org.mojave.format.safetensors;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.format.FormatContract;
import org.mojave.format.tensor.ElementType;

class SafetensorsContractTest extends FormatContract {
    @Override
    protected long dryRun(Map<String, Long> sizes) {
        return layout(sizes).fileBytes();
    }

    @Override
    protected void write(Path file, Map<String, Long> sizes, List<Piece> pieces) {
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, layout(sizes))) {
            pieces.forEach(piece -> writer.write(piece.tensor(), piece.offset(), MemorySegment.ofArray(piece.bytes())));
            sizes.keySet().forEach(writer::keep);
            writer.finish();
        }
    }

    @Override
    protected Map<String, MemorySegment> read(Path file, Arena arena) {
        Map<String, MemorySegment> tensors = new LinkedHashMap<>();
        SafetensorsFile.open(file, arena).tensors().forEach((name, tensor) -> tensors.put(name, tensor.bytes()));
        return tensors;
    }

    @Override
    protected List<int[]> countsIn(byte[] file) {
        return List.of(new int[] {0, 8});
    }

    private static SafetensorsLayout layout(Map<String, Long> sizes) {
        return SafetensorsLayout.of(sizes.entrySet().stream()
                .map(entry -> TensorEntry.of(entry.getKey(), ElementType.U8, entry.getValue())).toList(), Map.of());
    }
}
