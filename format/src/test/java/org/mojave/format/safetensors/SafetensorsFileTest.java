package org.mojave.format.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.ElementType;

class SafetensorsFileTest {
    private static final Path NAME = Path.of("x.safetensors");

    @TempDir
    private Path folder;

    @Test
    void readsUnorderedHeadersUnknownFieldsAndEmptyTensors() {
        SafetensorsFile file = parse("""
                { "z": {"data_offsets": [4, 8], "shape": [2], "dtype": "F16", "extra": {"a": [1, {}]}},
                  "empty": {"dtype": "I64", "shape": [3, 0], "data_offsets": [4, 4]},
                  "\\u0061": {"dtype": "U8", "shape": [2, 2], "data_offsets": [0, 4]},
                  "end": {"dtype": "F64", "shape": [0], "data_offsets": [8, 8]},
                  "__metadata__": {"k": "v"}}  \n""", 8);
        assertThat(file.tensors().keySet()).containsExactly("z", "empty", "a", "end");
        assertThat(file.tensors().get("z").type()).isEqualTo(ElementType.F16);
        assertThat(file.tensors().get("empty").elements()).isZero();
        assertThat(file.metadata()).containsEntry("k", "v");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}|tensor a: bytes 0..4|2",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,0]}}|tensor a: bytes 4..0|4",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,4]}}|shape [3] of U8 needs 3 bytes|4",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,8],\"data_offsets\":[0,4]}}|overflows|4",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,4]}}|overflows|4",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[-4],\"data_offsets\":[0,4]}}|shape holds -4, not a count|4",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4.0],\"data_offsets\":[0,4]}}|shape holds 4.0, not a count|4",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}|shape holds 9999|4",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,9223372036854775807]}}|lie outside|4",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4,4]}}|more than 2 entries|4",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0]}}|two data_offsets|4",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":4,\"data_offsets\":[0,4]}}|shape is not a list|4",
        "{\"a\":{\"dtype\":\"Q9\",\"shape\":[4],\"data_offsets\":[0,4]}}|unknown dtype Q9|4",
        "{\"a\":{\"dtype\":7,\"shape\":[4],\"data_offsets\":[0,4]}}|unknown dtype|4",
        "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}|dtype stands twice|4",
        "{\"a\":{\"shape\":[4],\"data_offsets\":[0,4]}}|needs dtype|4",
        "{\"a\":[]}|is not a JSON object|0",
        "{\"__metadata__\":{\"k\":1}}|__metadata__.k: is not a string|0",
        "{\"__metadata__\":{},\"__metadata__\":{}}|stands twice|0",
        "{}|4 bytes belong to no tensor|4",
        "{} {}|goes on after|0",
        "[]|not a JSON object|0",
        "{\"a\"|not valid JSON|0",
    })
    void namesTheFaultOfALyingHeader(String header, String message, int dataBytes) {
        assertThatThrownBy(() -> parse(header, dataBytes)).isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith("x.safetensors").hasMessageContaining(message);
    }

    @Test
    void refusesHolesOverlapsAndDuplicates() {
        String a = "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}";
        String hole = "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[6,8]}";
        String overlap = "\"b\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[3,8]}";
        assertThatThrownBy(() -> parse("{" + a + "," + hole + "}", 8)).hasMessageContaining("tensor b: leaves a hole");
        assertThatThrownBy(() -> parse("{" + a + "," + overlap + "}", 8)).hasMessageContaining("tensor b: overlaps");
        assertThatThrownBy(() -> parse("{" + a + "," + a + "}", 4)).hasMessageContaining("tensor a: stands twice");
        assertThatThrownBy(() -> parse("{" + a + "}", 9)).hasMessageContaining("5 bytes belong to no tensor");
    }

    @Test
    void survivesDeepNestingAndLongNumbers() {
        String deep = "{\"a\":{\"x\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}}";
        assertThatThrownBy(() -> parse(deep, 0)).isInstanceOf(CheckpointException.class).hasMessageContaining("not valid JSON");
        String number = "{\"a\":{\"shape\":[" + "9".repeat(100_000) + "]}}";
        assertThatThrownBy(() -> parse(number, 0)).isInstanceOf(CheckpointException.class);
        String name = "{\"" + "n".repeat(100_000) + "\":{}}";
        assertThatThrownBy(() -> parse(name, 0)).isInstanceOf(CheckpointException.class)
                .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(1100));
        assertThatThrownBy(() -> parse("{\"a\\nb\":7}", 0)).isInstanceOf(CheckpointException.class)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    @Test
    void refusesShortFilesFoldersAndHeadersBeyondTheLimit() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Path file = Files.createFile(folder.resolve("empty.safetensors"));
            assertThatThrownBy(() -> SafetensorsFile.open(file, arena)).isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("only 0 bytes");
            assertThatThrownBy(() -> SafetensorsFile.open(folder, arena)).hasMessageContaining("is not a file");
            assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("none"), arena)).hasMessageContaining("no such file");
        }
        for (long length : new long[] {0, 1, 3, 100_000_001, -1, Long.MIN_VALUE}) {
            ByteBuffer bytes = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
            assertThatThrownBy(() -> SafetensorsFile.parse(NAME, MemorySegment.ofArray(bytes.array())))
                    .hasMessageContaining("header length " + Long.toUnsignedString(length));
        }
    }

    @Test
    void tooManyEntriesForTheFileAreRefusedBeforeTheyFillTheHeap() {
        StringBuilder header = new StringBuilder("{");
        for (int i = 0; i < 200_000; i++) {
            header.append(i == 0 ? "" : ",").append('"').append(i).append("\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}");
        }
        assertThatThrownBy(() -> parse(header.append('}').toString(), 0)).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("more entries than a file of this size can need");
    }

    @Test
    void decodesEveryFloatType() {
        List<String> types = List.of("F8_E4M3", "F8_E5M2", "F8_E8M0", "F16", "BF16", "F32", "F64");
        byte[][] one = {{0x38}, {0x3c}, {127}, {0, 0x3c}, {(byte) 0x80, 0x3f}, {0, 0, (byte) 0x80, 0x3f},
            {0, 0, 0, 0, 0, 0, (byte) 0xf0, 0x3f}};
        for (int i = 0; i < one.length; i++) {
            String header = "{\"a\":{\"dtype\":\"" + types.get(i) + "\",\"shape\":[1],\"data_offsets\":[0," + one[i].length + "]}}";
            byte[] file = file(header, one[i]);
            assertThat(SafetensorsFile.parse(NAME, MemorySegment.ofArray(file)).tensors().get("a").toFloats())
                    .as(types.get(i)).containsExactly(1f);
        }
    }

    private static SafetensorsFile parse(String header, int dataBytes) {
        return SafetensorsFile.parse(NAME, MemorySegment.ofArray(file(header, new byte[dataBytes])));
    }

    private static byte[] file(String header, byte[] data) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length)
                .put(text).put(data).array();
    }
}
