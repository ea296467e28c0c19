package org.mojave.format.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.EncodedRows;

class GgufFileTest {
    private static final Path NAME = Path.of("x.gguf");

    @TempDir
    private Path folder;

    /** gguf-py.gguf was written by the Python package gguf 0.19.0: one key of every type, tensors of four types. */
    @Test
    void readsWhatThePythonPackageWrote() throws IOException {
        GgufFile file = GgufFile.parse(NAME, MemorySegment.ofArray(pythonFile()));
        assertThat(file.version()).isEqualTo(3);
        assertThat(file.text("general.name")).contains("made by gguf-py 0.19.0");
        assertThat(file.text("t.text")).contains("naïve λ 日本");
        assertThat(file.whole("t.u8")).contains(200L);
        assertThat(file.whole("t.i8")).contains(-3L);
        assertThat(file.whole("t.u16")).contains(60_000L);
        assertThat(file.whole("t.i16")).contains(-300L);
        assertThat(file.whole("t.u32")).contains(4_000_000_000L);
        assertThat(file.whole("t.i32")).contains(-70_000L);
        assertThat(file.whole("t.u64")).contains(Long.MIN_VALUE + 5);
        assertThat(file.whole("t.i64")).contains(-1L << 40);
        assertThat(file.real("t.f32")).contains((double) 0.1f);
        assertThat(file.real("t.f64")).contains(0.1);
        assertThat(file.metadata().get("t.bool")).isEqualTo(new GgufValue.Truth(true));
        assertThat(file.sequence("t.words").orElseThrow().texts()).containsExactly("a", "", "ß");
        assertThat(file.sequence("t.ints").orElseThrow().wholes()).containsExactly(1, -2, 3);
        List<GgufValue> nested = file.sequence("t.nested").orElseThrow().elements();
        assertThat(((GgufValue.Sequence) nested.get(0)).wholes()).containsExactly(1, 2);
        assertThat(((GgufValue.Sequence) nested.get(1)).wholes()).containsExactly(3);
        assertThat(file.text("none")).isEmpty();
        assertThatThrownBy(() -> file.text("t.u8")).isInstanceOf(CheckpointException.class)
                .hasMessage("x.gguf, key t.u8: is UINT8 where a text is expected");

        assertThat(file.tensor("plain").shape()).containsExactly(3L, 64L);
        assertThat(file.tensor("plain").toFloats()).startsWith(0.0012301534f, 0.29874554f, -0.27413785f);
        assertThat(file.tensor("odd").toFloats()).containsExactly(0, 1, 2, 3, 4);
        EncodedRows expert = file.tensor("experts").part(3).rows();
        assertThat(expert.encoding()).isEqualTo("q8_0");
        float[] row = new float[64];
        expert.decode(2, 1, row, 0);
        assertThat(row).endsWith(-0.21551514f, 0.91593933f, 0.26939392f, 0.12571716f);
        assertThatThrownBy(() -> file.tensor("none")).hasMessageContaining("tensor none: is missing");
    }

    @Test
    void encodesWhatThePythonPackageEncodes() throws IOException {
        GgufFile file = GgufFile.parse(NAME, MemorySegment.ofArray(pythonFile()));
        Path again = folder.resolve("again.gguf");
        GgufLayout layout = GgufLayout.of(file.metadata(), file.tensors().values().stream()
                .map(tensor -> new GgufEntry(tensor.name(), tensor.type(), tensor.shape())).toList());
        try (GgufWriter writer = GgufWriter.create(again, layout)) {
            file.tensors().forEach((name, tensor) -> writer.write(name, tensor.bytes()));
            writer.encode("experts", 0, file.tensor("experts").toFloats());
            writer.finish();
        }
        assertThat(again).hasBinaryContent(pythonFile());
    }

    @Test
    void writesEveryKindOfValueAndReadsItBack() {
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("general.alignment", new GgufValue.Whole(GgufValueType.UINT32, 128));
        metadata.put("whole", new GgufValue.Whole(GgufValueType.INT64, -5));
        metadata.put("real", new GgufValue.Real(GgufValueType.FLOAT64, 1e-300));
        metadata.put("truth", new GgufValue.Truth(false));
        metadata.put("floats", GgufValue.Sequence.floats(0.25, -1));
        metadata.put("nested", GgufValue.Sequence.of(GgufValueType.ARRAY,
                List.of(GgufValue.Sequence.texts(List.of("x", "y")), GgufValue.Sequence.wholes(GgufValueType.UINT8, 255))));
        Path path = folder.resolve("m.gguf");
        float[] values = new float[96];
        Random random = new Random(3);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        GgufLayout layout = GgufLayout.of(metadata, List.of(GgufEntry.of("a", GgufType.Q8_0, 3, 32), GgufEntry.of("b", GgufType.F16, 5)));
        try (GgufWriter writer = GgufWriter.create(path, layout)) {
            writer.encode("b", 0, new float[] {1, 2, 3, 4, 5});
            writer.encode("a", 32, Arrays.copyOfRange(values, 32, 96));
            assertThatThrownBy(writer::finish).isInstanceOf(IllegalStateException.class).hasMessageContaining("tensor a: not written");
            writer.encode("a", 0, Arrays.copyOf(values, 32));
            writer.finish();
        }
        try (Arena arena = Arena.ofConfined()) {
            GgufFile file = GgufFile.open(path, arena);
            assertThat(file.alignment()).isEqualTo(128);
            assertThat(file.dataStart() % 128).isZero();
            assertThat(file.whole("whole")).contains(-5L);
            assertThat(file.real("real")).contains(1e-300);
            assertThat(file.metadata().get("truth")).isEqualTo(new GgufValue.Truth(false));
            List<GgufValue> nested = file.sequence("nested").orElseThrow().elements();
            assertThat(((GgufValue.Sequence) nested.get(0)).texts()).containsExactly("x", "y");
            assertThat(file.tensor("b").toFloats()).containsExactly(1, 2, 3, 4, 5);
            float[] decoded = file.tensor("a").toFloats();
            for (int i = 0; i < values.length; i++) {
                assertThat(decoded[i]).isCloseTo(values[i], Offset.offset(0.02f));
            }
        }
    }

    @Test
    void resumesAfterAnInterruption() throws IOException {
        Path path = folder.resolve("r.gguf");
        GgufLayout layout = GgufLayout.of(Map.of(), List.of(GgufEntry.of("a", GgufType.F32, 2), GgufEntry.of("b", GgufType.F32, 1)));
        try (GgufWriter writer = GgufWriter.create(path, layout)) {
            writer.encode("a", 0, new float[] {1, 2});
        }
        assertThat(path).doesNotExist();
        try (GgufWriter writer = GgufWriter.resume(path, layout)) {
            writer.keep("a");
            writer.encode("b", 0, new float[] {3});
            writer.finish();
        }
        try (Arena arena = Arena.ofConfined()) {
            GgufFile file = GgufFile.open(path, arena);
            assertThat(file.tensor("a").toFloats()).containsExactly(1, 2);
            assertThat(file.tensor("b").toFloats()).containsExactly(3);
        }
    }

    @Test
    void namesTheFault() {
        byte[] whole = {'G', 'G', 'U', 'F', 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        assertThat(GgufFile.parse(NAME, MemorySegment.ofArray(whole)).tensors()).isEmpty();
        refused(new byte[] {'G', 'G', 'M', 'L'}, "x.gguf at byte 0: does not start with GGUF");
        refused(changed(whole, 4, 1), "GGUF version 1");
        refused(ByteBuffer.wrap(whole.clone()).order(ByteOrder.BIG_ENDIAN).putInt(4, 3).array(), "big-endian");
        refused(changed(whole, 8, 9), "claims 9 tensors, more than the file can hold");
        refused(changed(whole, 23, 0x80), "claims 9223372036854775808 metadata entries");
    }

    @Test
    void refusesOverlapsHolesAndUnknownTypes() {
        GgufLayout layout = GgufLayout.of(Map.of(), List.of(GgufEntry.of("a", GgufType.I8, 32), GgufEntry.of("b", GgufType.I8, 32)));
        byte[] header = layout.plan().header();
        byte[] whole = Arrays.copyOf(header, (int) layout.fileBytes());
        assertThat(GgufFile.parse(NAME, MemorySegment.ofArray(whole)).tensors()).containsOnlyKeys("a", "b");
        int infoBytes = 8 + 1 + 4 + 8 + 4 + 8;
        int secondOffset = 24 + 2 * infoBytes - 8;
        refused(changed(whole, secondOffset, 0), "tensor b (header byte 90): overlaps another tensor");
        refused(changed(whole, secondOffset, 33), "offset 33 is not a multiple of the alignment 32");
        refused(changed(Arrays.copyOf(whole, whole.length + 32), secondOffset, 64), "leaves a hole");
        refused(changed(whole, secondOffset - 4, 99), "has unknown type 99");
        refused(changed(whole, 24 + infoBytes + 8, 'a'), "stands twice");
        refused(changed(whole, secondOffset - 12, 33), "lie outside");
        refused(changed(whole, secondOffset - 4, GgufType.Q4_K.wireId()), "32 columns are not a multiple of Q4_K's block of 256");
    }

    @Test
    void typesWithoutCodecCanBeInspectedButNotDecoded() {
        GgufTensor tensor = new GgufTensor("t", GgufType.IQ4_NL, List.of(32L), MemorySegment.ofArray(new byte[18]));
        assertThatThrownBy(tensor::toFloats).isInstanceOf(CheckpointException.class).hasMessageContaining("stored as IQ4_NL");
        assertThatThrownBy(tensor::rows).isInstanceOf(CheckpointException.class).hasMessageContaining("matrix is expected");
    }

    private static void refused(byte[] content, String message) {
        assertThatThrownBy(() -> GgufFile.parse(NAME, MemorySegment.ofArray(content))).isInstanceOf(CheckpointException.class)
                .hasMessageContaining(message);
    }

    private static byte[] changed(byte[] whole, int at, int value) {
        byte[] changed = whole.clone();
        changed[at] = (byte) value;
        return changed;
    }

    private static byte[] pythonFile() throws IOException {
        try (InputStream in = GgufFileTest.class.getResourceAsStream("gguf-py.gguf")) {
            return in.readAllBytes();
        }
    }
}
