package org.mojave.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.run.Model;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.Scheme;
import org.mojave.format.safetensors.SafetensorsLayout;
import org.mojave.format.safetensors.SafetensorsWriter;
import org.mojave.format.safetensors.TensorEntry;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.TensorData;
import org.mojave.testkit.Goldens;

class WeightsTest {
    private static final MatrixId PACKED = new MatrixId(MatrixRole.DOWN, 1, 2);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"granitemoeshared", "gpt_oss", "gpt_oss_mxfp4", "llama4", "deepseek_v3_fp8", "mixtral_bf16_sharded"})
    void anyRowsDecodeAsTheyDoAltogether(String golden) {
        try (Model model = Model.open(golden(golden))) {
            for (MatrixId id : model.weights().matrices()) {
                Matrix matrix = model.weights().matrix(id);
                float[] all = new float[matrix.rows() * matrix.columns()];
                matrix.decode(0, matrix.rows(), all, 0);
                int first = matrix.rows() / 3;
                int count = (matrix.rows() - first + 1) / 2;
                float[] some = new float[count * matrix.columns() + 1];
                matrix.decode(first, count, some, 1);
                for (int i = 0; i < count * matrix.columns(); i++) {
                    assertThat(some[i + 1]).isEqualTo(all[first * matrix.columns() + i]);
                }
            }
        }
    }

    @Test
    void fusedTensorIsNamedByEveryMatrixInIt() {
        try (Model model = Model.open(golden("granitemoe"))) {
            String joined = "model.layers.1.block_sparse_moe.input_linear.weight";
            assertThat(model.weights().tensorNamesOf(new MatrixId(MatrixRole.GATE, 1, 3))).containsExactly(joined);
            assertThat(model.weights().tensorNamesOf(new MatrixId(MatrixRole.UP, 1, 7))).containsExactly(joined);
        }
    }

    @Test
    void unusedTensorsAreThoseOfThePredictionLayer() {
        try (Model model = Model.open(golden("deepseek_v3_fp8"))) {
            Set<String> used = model.weights().tensorNames();
            assertThat(model.checkpoint().tensors().keySet()).allSatisfy(
                    name -> assertThat(used.contains(name)).isNotEqualTo(name.startsWith("model.layers.3.")));
        }
    }

    @Test
    void packedMatrixOfANativeCheckpointIsFoundByItsName() throws IOException {
        CodedMatrix coded = coded();
        writeNative(coded, PACKED.name());
        try (Model model = Model.open(folder)) {
            Matrix matrix = model.weights().matrix(PACKED);
            assertThat(matrix.storage()).isEqualTo("4g32a");
            float[] row = new float[coded.columns()];
            matrix.decode(5, 1, row, 0);
            for (int c = 0; c < row.length; c++) {
                int code = coded.codes()[5 * coded.columns() + c] & 0xff;
                assertThat(row[c]).isEqualTo(coded.scales()[5] * (code - coded.zeros()[5]));
            }
            assertThat(model.weights().tensorNamesOf(PACKED)).containsExactly(PACKED.name());
            assertThat(model.weights().matrix(new MatrixId(MatrixRole.DOWN, 1, 3)).storage()).isEqualTo("f32");
        }
    }

    @Test
    void packedMatrixThatIsMissingIsNamed() throws IOException {
        writeNative(coded(), "something.else");
        assertThatThrownBy(() -> Model.open(folder).close()).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("layers.1.experts.2.down");
    }

    @Test
    void schemeThatIsNoneIsQuoted() throws IOException {
        writeNative(coded(), PACKED.name());
        Path config = folder.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("4g32a", "4g33a"));
        assertThatThrownBy(() -> Model.open(folder).close()).isInstanceOf(CheckpointException.class).hasMessageContaining("33");
    }

    @Test
    void anotherQuantizationMethodIsRefused() throws IOException {
        writeNative(coded(), PACKED.name());
        Path config = folder.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("mojave", "awq"));
        assertThatThrownBy(() -> Model.open(folder).close()).isInstanceOf(UnsupportedModelException.class)
                .hasMessageContainingAll("quant_method", "awq", "mojave");
    }

    private static Path golden(String name) {
        return Goldens.ofRepository().folder().resolve(name);
    }

    /** A [64, 32] matrix with random codes, one group a row. */
    private static CodedMatrix coded() {
        Random random = new Random(3);
        byte[] codes = new byte[64 * 32];
        float[] scales = new float[64];
        byte[] zeros = new byte[64];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) random.nextInt(16);
        }
        for (int r = 0; r < 64; r++) {
            scales[r] = (1 + random.nextInt(1000)) / 1024f;
            zeros[r] = (byte) random.nextInt(16);
        }
        return new CodedMatrix(new Scheme(4, 32, false), 64, 32, codes, scales, zeros);
    }

    /** The golden qwen3_moe with one expert matrix packed, stored under {@code name}. */
    private void writeNative(CodedMatrix coded, String name) throws IOException {
        String config = Files.readString(golden("qwen3_moe").resolve("config.json"));
        String quantization = "\"quantization_config\": {\"quant_method\": \"mojave\", \"matrices\": {\"" + PACKED.name()
                + "\": \"4g32a\"}},";
        Files.writeString(folder.resolve("config.json"), config.replaceFirst("\\{", "{" + quantization));
        try (Model original = Model.open(golden("qwen3_moe")); Arena arena = Arena.ofConfined()) {
            List<TensorData> kept = new ArrayList<>(original.checkpoint().tensors().values());
            kept.removeIf(tensor -> original.weights().tensorNamesOf(PACKED).contains(tensor.name()));
            MemorySegment packed = arena.allocate(coded.layout().bytes(), 64);
            PackedCodec.pack(coded, packed);
            kept.add(new TensorData(name, ElementType.U8, List.of(packed.byteSize()), packed));
            List<TensorEntry> entries = kept.stream().map(tensor -> TensorEntry.of(tensor.name(), tensor.type(),
                    tensor.shape().stream().mapToLong(Long::longValue).toArray())).toList();
            Path target = folder.resolve("model.safetensors");
            try (SafetensorsWriter writer = SafetensorsWriter.create(target, SafetensorsLayout.of(entries, Map.of()))) {
                kept.forEach(tensor -> writer.write(tensor.name(), tensor.bytes()));
                writer.finish();
            }
        }
    }
}
