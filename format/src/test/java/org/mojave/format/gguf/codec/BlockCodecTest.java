package org.mojave.format.gguf.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.mojave.format.gguf.GgufType;
import org.mojave.format.safetensors.SafetensorsFile;
import org.mojave.format.tensor.TensorData;

/** Every codec against blocks and floats that ggml itself made; how is in the resource's {@code __metadata__}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BlockCodecTest {
    private SafetensorsFile golden;

    @BeforeAll
    void readGolden() throws IOException {
        try (InputStream in = GgufType.class.getResourceAsStream("ggml-blocks.safetensors")) {
            golden = SafetensorsFile.parse(Path.of("ggml-blocks.safetensors"), MemorySegment.ofArray(in.readAllBytes()));
        }
    }

    @ParameterizedTest
    @CsvSource({"F32,1,4", "F16,1,2", "BF16,1,2", "Q8_0,32,34", "Q4_0,32,18", "Q4_1,32,20", "Q5_0,32,22", "Q5_1,32,24",
        "Q2_K,256,84", "Q3_K,256,110", "Q4_K,256,144", "Q5_K,256,176", "Q6_K,256,210"})
    void blocksHaveTheSizeOfTheReference(GgufType type, int elements, int bytes) {
        BlockCodec codec = type.codec().orElseThrow();
        assertThat(codec.blockElements()).isEqualTo(elements);
        assertThat(codec.blockBytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.INCLUDE,
            names = {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"})
    void decodesEveryBitLikeTheReference(GgufType type) {
        check(type, "blocks", "decoded");
        check(type, "random_blocks", "random_decoded");
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.INCLUDE, names = {"F32", "F16", "BF16", "Q8_0", "Q4_0"})
    void encodesTheBytesOfTheReference(GgufType type) {
        BlockEncoder encoder = (BlockEncoder) type.codec().orElseThrow();
        float[] input = tensor(type, "input").toFloats();
        byte[] expected = tensor(type, "blocks").bytes().toArray(ValueLayout.JAVA_BYTE);
        byte[] encoded = new byte[expected.length];
        encoder.encode(input, 0, MemorySegment.ofArray(encoded), 0, input.length / encoder.blockElements());
        for (int i = 0; i < expected.length; i++) {
            assertThat(encoded[i]).as(type + ", byte " + i % encoder.blockBytes() + " of block " + i / encoder.blockBytes())
                    .isEqualTo(expected[i]);
        }
    }

    @Test
    void halvesOfBlocksAndOffsetsAreRespected() {
        BlockCodec codec = GgufType.Q4_K.codec().orElseThrow();
        MemorySegment blocks = tensor(GgufType.Q4_K, "blocks").bytes();
        float[] all = tensor(GgufType.Q4_K, "decoded").toFloats();
        float[] second = new float[5 + 256];
        codec.decode(blocks, 144, second, 5, 1);
        assertThat(Arrays.mismatch(second, 5, 261, all, 256, 512)).isEqualTo(-1);
        assertThat(second).startsWith(0, 0, 0, 0, 0);
    }

    private void check(GgufType type, String source, String expectedName) {
        BlockCodec codec = type.codec().orElseThrow();
        TensorData blocks = tensor(type, source);
        MemorySegment expected = tensor(type, expectedName).bytes();
        int count = (int) (blocks.bytes().byteSize() / codec.blockBytes());
        assertThat(expected.byteSize()).isEqualTo(4L * count * codec.blockElements());
        float[] decoded = new float[count * codec.blockElements()];
        codec.decode(blocks.bytes(), 0, decoded, 0, count);
        for (int i = 0; i < decoded.length; i++) {
            float reference = Float.intBitsToFloat(expected.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i));
            boolean same = Float.floatToIntBits(reference) == Float.floatToIntBits(decoded[i]);
            assertThat(same).as("%s %s, element %d of block %d: %s, reference %s", type, source, i % codec.blockElements(),
                    i / codec.blockElements(), decoded[i], reference).isTrue();
        }
    }

    private TensorData tensor(GgufType type, String part) {
        String prefix = type.name().contains("_K") ? type.name().replace('Q', 'q') : type.name().toLowerCase(Locale.ROOT);
        return golden.tensors().get(prefix + "." + part);
    }
}
