package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.format.gguf.GgufTensor;
import org.mojave.format.gguf.GgufType;
import org.mojave.format.gguf.GgufValue;
import org.mojave.format.gguf.GgufValueType;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** GGUF models, as llama.cpp's converter makes them and as damage makes them. */
class GgufModelTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "deepseek2", "glm4moe", "llama3-mixed"})
    void logitsAreThoseOfTransformers(String name) throws IOException {
        JsonNode expected = expected(name);
        try (Model model = Model.open(GgufEdit.original(name, folder)); GoldenRun run = new GoldenRun(model, 2)) {
            float[][][] logits = run.logits(ids(expected.get("input_ids")), 1 << 20);
            assertThat(ArchitectureContract.difference(logits, logits(expected.get("logits")))).isLessThan(1e-4f);
        }
    }

    @Test
    void gateAndUpInOneTensorAreTheSameModel() throws IOException {
        GgufEdit edit = GgufEdit.of("mixtral", folder);
        for (int layer = 0; layer < 2; layer++) {
            String prefix = "blk." + layer + ".ffn_";
            GgufTensor gate = edit.tensor(prefix + "gate_exps.weight");
            GgufTensor up = edit.tensor(prefix + "up_exps.weight");
            byte[] joined = new byte[(int) (gate.bytes().byteSize() * 2)];
            int part = (int) gate.bytes().byteSize() / 4;
            for (int expert = 0; expert < 4; expert++) {
                MemorySegment.copy(gate.bytes(), (long) expert * part, MemorySegment.ofArray(joined), 2L * expert * part, part);
                MemorySegment.copy(up.bytes(), (long) expert * part, MemorySegment.ofArray(joined), (2L * expert + 1) * part, part);
            }
            edit.withoutTensor(gate.name()).withoutTensor(up.name()).tensor(new GgufTensor(prefix + "gate_up_exps.weight", GgufType.F32,
                    List.of(4L, 64L, 32L), MemorySegment.ofArray(joined)));
        }
        JsonNode expected = expected("mixtral");
        try (Model model = Model.open(edit.write("joined.gguf")); GoldenRun run = new GoldenRun(model, 1)) {
            float[][][] logits = run.logits(ids(expected.get("input_ids")), 1 << 20);
            assertThat(ArchitectureContract.difference(logits, logits(expected.get("logits")))).isLessThan(1e-4f);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama.block_count", "llama.embedding_length", "llama.context_length", "llama.attention.head_count",
        "llama.feed_forward_length", "llama.expert_used_count", "llama.attention.layer_norm_rms_epsilon", "general.architecture"})
    void aMissingKeyIsNamed(String key) {
        Path file = GgufEdit.of("mixtral", folder).without(key).write("changed.gguf");
        assertThatThrownBy(() -> Model.open(file)).isInstanceOf(CheckpointException.class).hasMessageContaining(key);
    }

    @ParameterizedTest
    @CsvSource({"llama.block_count, 3, blk.2.", "llama.block_count, 0, num_hidden_layers", "llama.block_count, 4000000000, num_hidden_layers",
        "llama.expert_count, 5, ffn_gate", "llama.expert_used_count, 9, experts", "llama.attention.head_count, 0, llama.attention.head_count",
        "llama.attention.head_count_kv, 3, 'key-value heads'", "llama.feed_forward_length, 64, ffn_gate_exps",
        "llama.vocab_size, 65, llama.vocab_size", "split.count, 2, 00001-of-00002"})
    void aLyingCountIsOneClearError(String key, long value, String named) {
        Path file = GgufEdit.of("mixtral", folder).with(key, value).write("changed.gguf");
        assertThatThrownBy(() -> Model.open(file)).isInstanceOf(CheckpointException.class).hasMessageContaining(named)
                .hasMessageContaining("changed.gguf");
    }

    @ParameterizedTest
    @ValueSource(strings = {"token_embd.weight", "output_norm.weight", "blk.1.ffn_down_exps.weight", "blk.0.attn_q.weight"})
    void aMissingTensorIsNamed(String name) {
        Path file = GgufEdit.of("mixtral", folder).withoutTensor(name).write("changed.gguf");
        assertThatThrownBy(() -> Model.open(file)).isInstanceOf(CheckpointException.class).hasMessageContaining(name);
    }

    @Test
    void halfOfTheSplitLatentProjectionIsNamed() {
        Path file = GgufEdit.of("deepseek2", folder).withoutTensor("blk.0.attn_v_b.weight").write("changed.gguf");
        assertThatThrownBy(() -> Model.open(file)).isInstanceOf(CheckpointException.class).hasMessageContaining("blk.0.attn_v_b.weight");
    }

    @Test
    void anotherArchitectureListsWhatWorks() {
        Path file = GgufEdit.of("mixtral", folder).with("general.architecture", new GgufValue.Text("mamba")).write("changed.gguf");
        assertThatThrownBy(() -> Model.open(file)).isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining("'mamba'").hasMessageContaining("qwen3moe");
    }

    @Test
    void aKeyThatChangesTheArithmeticIsRefused() {
        Path file = GgufEdit.of("mixtral", folder)
                .with("llama.attn_logit_softcapping", new GgufValue.Real(GgufValueType.FLOAT32, 50)).write("changed.gguf");
        assertThatThrownBy(() -> Model.open(file)).isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining("attn_logit_softcapping");
    }

    @Test
    void aTensorOfUnknownUseIsRefused() {
        GgufEdit edit = GgufEdit.of("mixtral", folder);
        edit.tensor(new GgufTensor("blk.0.attn_output.bias", GgufType.F32, List.of(32L), MemorySegment.ofArray(new byte[128])));
        Path file = edit.write("changed.gguf");
        assertThatThrownBy(() -> Model.open(file)).isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining("blk.0.attn_output.bias");
    }

    @Test
    void ropeOverAPartOfAHeadIsRefusedWhereTheFamilyHasNone() {
        Path file = GgufEdit.of("mixtral", folder).with("llama.rope.dimension_count", 4).write("changed.gguf");
        assertThatThrownBy(() -> Model.open(file)).isInstanceOf(UnsupportedModelException.class).hasMessageContaining("4 of 8");
    }

    @Test
    void aKeyOfAnotherTypeIsNamed() {
        Path file = GgufEdit.of("mixtral", folder).with("llama.block_count", new GgufValue.Text("two")).write("changed.gguf");
        assertThatThrownBy(() -> Model.open(file)).isInstanceOf(CheckpointException.class).hasMessageContaining("llama.block_count");
    }

    @Test
    void aTypeThatCannotBeDecodedListsThoseThatCan() {
        GgufEdit edit = GgufEdit.of("mixtral", folder);
        edit.tensor(new GgufTensor("blk.0.attn_q.weight", GgufType.IQ4_NL, List.of(32L, 32L), MemorySegment.ofArray(new byte[32 * 18])));
        Path file = edit.write("changed.gguf");
        assertThatThrownBy(() -> Model.open(file)).isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining("IQ4_NL").hasMessageContaining("Q4_K");
    }

    @Test
    void aFileOfAnotherKindIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("model.gguf"), "not a model at all, but long enough to look at");
        assertThatThrownBy(() -> Model.open(file)).isInstanceOf(CheckpointException.class).hasMessageContaining("model.gguf");
    }

    @Test
    void severalFilesAreOneModel() throws IOException {
        GgufEdit whole = GgufEdit.of("mixtral", folder).with("split.count", 2);
        GgufEdit first = GgufEdit.of("mixtral", folder).with("split.count", 2);
        GgufEdit second = GgufEdit.of("mixtral", folder).with("split.count", 2);
        List<String> later = List.of("blk.1.attn_q.weight", "output_norm.weight");
        later.forEach(first::withoutTensor);
        GgufEdit rest = second.onlyTensors(later);
        Path path = first.write("model-00001-of-00002.gguf");
        assertThatThrownBy(() -> Model.open(path)).isInstanceOf(CheckpointException.class).hasMessageContaining("00002-of-00002");
        Path other = rest.write("model-00002-of-00002.gguf");
        assertThatThrownBy(() -> Model.open(other)).isInstanceOf(CheckpointException.class).hasMessageContaining("00001-of-00002");
        JsonNode expected = expected("mixtral");
        try (Model model = Model.open(path); GoldenRun run = new GoldenRun(model, 1)) {
            assertThat(ArchitectureContract.difference(run.logits(ids(expected.get("input_ids")), 1 << 20), logits(expected.get("logits"))))
                    .isLessThan(1e-4f);
        }
        whole.write("model-00002-of-00002.gguf");
        assertThatThrownBy(() -> Model.open(path)).isInstanceOf(CheckpointException.class).hasMessageContaining("another of the model's files");
    }

    @Test
    void aGgufModelCannotBeCompressed() {
        try (Model model = Model.open(GgufEdit.original("mixtral", folder))) {
            assertThatThrownBy(model::checkpoint).isInstanceOf(UnsupportedModelException.class).hasMessageContaining("original");
        }
    }

    private static JsonNode expected(String name) throws IOException {
        try (InputStream in = GgufModelTest.class.getResourceAsStream("gguf/" + name + ".json")) {
            return JsonMapper.shared().readTree(in.readAllBytes());
        }
    }

    private static int[][] ids(JsonNode rows) {
        return rows.values().stream().map(row -> row.values().stream().mapToInt(JsonNode::intValue).toArray()).toArray(int[][]::new);
    }

    private static float[][][] logits(JsonNode sequences) {
        float[][][] all = new float[sequences.size()][][];
        for (int s = 0; s < all.length; s++) {
            all[s] = new float[sequences.get(s).size()][];
            for (int t = 0; t < all[s].length; t++) {
                JsonNode row = sequences.get(s).get(t);
                all[s][t] = new float[row.size()];
                for (int i = 0; i < row.size(); i++) {
                    all[s][t][i] = row.get(i).floatValue();
                }
            }
        }
        return all;
    }
}
