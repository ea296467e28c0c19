package org.mojave.format.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.file.DurableFile;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.ElementType;

class SafetensorsWriterTest {
    private static final List<TensorEntry> ENTRIES = List.of(
            TensorEntry.of("codes", ElementType.U8, 3),
            TensorEntry.of("norm \"α\"", ElementType.F32, 2, 3),
            TensorEntry.of("empty", ElementType.BF16, 0, 7),
            TensorEntry.of("record", ElementType.U8, 5000).aligned(4096),
            TensorEntry.of("scalar", ElementType.I64));

    @TempDir
    private Path folder;

    @Test
    void writesInAnyOrderAndReadsBack() throws IOException {
        Path file = folder.resolve("model.safetensors");
        SafetensorsLayout layout = SafetensorsLayout.of(ENTRIES, Map.of("format", "pt", "note", "a\nb"));
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, layout)) {
            for (TensorEntry entry : ENTRIES.reversed()) {
                writer.write(entry.name(), content(entry));
            }
            assertThat(file).doesNotExist();
            writer.finish();
        }
        assertThat(DurableFile.partial(file)).doesNotExist();
        assertThat(Files.size(file)).isEqualTo(layout.fileBytes());
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsFile read = SafetensorsFile.open(file, arena);
            assertThat(read.metadata()).isEqualTo(Map.of("format", "pt", "note", "a\nb"));
            for (TensorEntry entry : ENTRIES) {
                assertThat(read.tensors().get(entry.name()).type()).isEqualTo(entry.type());
                assertThat(read.tensors().get(entry.name()).shape()).isEqualTo(entry.shape());
                assertThat(read.tensors().get(entry.name()).bytes().mismatch(content(entry))).isEqualTo(-1);
            }
        }
    }

    @Test
    void alignsTensorsWithExplicitPaddingAndPadsTheHeader() throws IOException {
        Path file = write(ENTRIES);
        SafetensorsLayout layout = SafetensorsLayout.of(ENTRIES, Map.of());
        assertThat(layout.tensor("record").begin() % 4096).isZero();
        assertThat(layout.tensor("norm \"α\"").begin() % 4).isZero();
        assertThat(layout.tensor("scalar").begin() % 8).isZero();
        byte[] bytes = Files.readAllBytes(file);
        long headerBytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertThat(headerBytes % 8).isZero();
        String header = new String(bytes, 8, (int) headerBytes, StandardCharsets.UTF_8);
        assertThat(header).startsWith("{\"codes\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},\"__padding.0\":")
                .contains("\"scalar\":{\"dtype\":\"I64\",\"shape\":[],").matches("(?s).*\\} *");
    }

    @Test
    void everyHeaderLengthGivesAFileThatReads() throws IOException {
        for (int length = 1; length < 40; length++) {
            Path file = write(List.of(TensorEntry.of("x".repeat(length), ElementType.U8, 1),
                    TensorEntry.of("y", ElementType.F64, 1).aligned(64)));
            try (Arena arena = Arena.ofConfined()) {
                assertThat(SafetensorsFile.open(file, arena).tensors()).containsKeys("x".repeat(length), "y");
            }
        }
    }

    @Test
    void resumesWithWhatWasWrittenBefore() throws IOException {
        Path file = folder.resolve("model.safetensors");
        SafetensorsLayout layout = SafetensorsLayout.of(ENTRIES, Map.of());
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, layout)) {
            writer.write("record", 0, content(ENTRIES.get(3)).asSlice(0, 3000));
            writer.write("codes", content(ENTRIES.get(0)));
            writer.force();
        }
        assertThat(file).doesNotExist();
        assertThat(DurableFile.partial(file)).exists();
        try (SafetensorsWriter writer = SafetensorsWriter.resume(file, layout)) {
            writer.keep("codes");
            writer.write("norm \"α\"", content(ENTRIES.get(1)));
            writer.write("scalar", content(ENTRIES.get(4)));
            writer.write("record", 3000, content(ENTRIES.get(3)).asSlice(3000));
            assertThatThrownBy(writer::finish).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("tensor record: not written at file offset " + layout.tensor("record").begin());
            writer.write("record", 0, content(ENTRIES.get(3)).asSlice(0, 3000));
            writer.finish();
        }
        assertThat(Files.mismatch(file, write(ENTRIES))).isEqualTo(-1);
    }

    @Test
    void resumeRefusesOtherTensorsAndNothing() {
        Path file = folder.resolve("model.safetensors");
        SafetensorsLayout layout = SafetensorsLayout.of(ENTRIES, Map.of());
        assertThatThrownBy(() -> SafetensorsWriter.resume(file, layout)).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("nothing to resume");
        SafetensorsWriter.create(file, layout).close();
        SafetensorsLayout other = SafetensorsLayout.of(ENTRIES.reversed(), Map.of());
        assertThatThrownBy(() -> SafetensorsWriter.resume(file, other)).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("begun for other tensors");
        SafetensorsWriter.resume(file, layout).close();
    }

    @Test
    void resumeStartsAgainWhereTheFirstRunDiedBeforeItsHeaderWasWhole() throws IOException {
        Path file = folder.resolve("model.safetensors");
        SafetensorsLayout layout = SafetensorsLayout.of(ENTRIES, Map.of());
        for (byte[] start : List.of(new byte[0], new byte[5], new byte[100])) {
            Files.write(DurableFile.partial(file), start);
            try (SafetensorsWriter writer = SafetensorsWriter.resume(file, layout)) {
                ENTRIES.forEach(entry -> writer.write(entry.name(), content(entry)));
                writer.finish();
            }
            assertThat(Files.size(file)).isEqualTo(layout.fileBytes());
        }
    }

    @Test
    void refusesImpossibleWishes() {
        assertThatThrownBy(() -> TensorEntry.of("__padding.3", ElementType.U8, 1)).hasMessageContaining("__padding.3");
        assertThatThrownBy(() -> TensorEntry.of("a", ElementType.U8, -1)).hasMessageContaining("negative");
        assertThatThrownBy(() -> TensorEntry.of("a", ElementType.F32, 1).aligned(12)).hasMessageContaining("power of two");
        assertThatThrownBy(() -> SafetensorsLayout.of(List.of(ENTRIES.get(0), ENTRIES.get(0)), Map.of()))
                .hasMessageContaining("two tensors are called codes");
        SafetensorsLayout layout = SafetensorsLayout.of(ENTRIES, Map.of());
        try (SafetensorsWriter writer = SafetensorsWriter.create(folder.resolve("m.safetensors"), layout)) {
            assertThatThrownBy(() -> writer.write("codes", MemorySegment.ofArray(new byte[4]))).hasMessageContaining("3 bytes, got 4");
            assertThatThrownBy(() -> writer.write("codes", 2, MemorySegment.ofArray(new byte[2]))).hasMessageContaining("offset 2");
            assertThatThrownBy(() -> writer.write("nobody", MemorySegment.NULL)).hasMessageContaining("nobody");
        }
    }

    private Path write(List<TensorEntry> entries) throws IOException {
        Path file = Files.createTempFile(folder, "written", ".safetensors");
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, SafetensorsLayout.of(entries, Map.of()))) {
            entries.forEach(entry -> writer.write(entry.name(), content(entry)));
            writer.finish();
        }
        return file;
    }

    private static MemorySegment content(TensorEntry entry) {
        byte[] bytes = new byte[(int) entry.bytes()];
        new Random(entry.name().hashCode()).nextBytes(bytes);
        MemorySegment segment = Arena.ofAuto().allocate(bytes.length);
        MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return segment;
    }
}
