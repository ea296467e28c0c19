package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.format.tensor.CheckpointException;

/** What is not supported or does not fit is refused in one line that names the place. */
class RefusalTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', value = {
        "llama|\"hidden_act\": \"silu\"|\"hidden_act\": \"snake\"|hidden_act",
        "llama|\"rope_scaling\": null|\"rope_scaling\": {\"rope_type\": \"mrope\"}|rope_type",
        "llama|\"use_cache\": true|\"quantization_config\": {\"quant_method\": \"gptq\"}|quant_method",
        "deepseek_v2|\"topk_method\": \"greedy\"|\"topk_method\": \"lottery\"|topk_method",
        "deepseek_v3|\"scoring_func\": \"sigmoid\"|\"scoring_func\": \"softmax\"|scoring_func",
        "phimoe|\"num_experts_per_tok\": 2|\"num_experts_per_tok\": 3|num_experts_per_tok",
        "gpt_oss|\"full_attention\"|\"chunked_attention\"|layer_types",
        "granitemoe|\"use_cache\": true|\"position_embedding_type\": \"alibi\"|position_embedding_type",
        "llama|\"model_type\": \"llama\"|\"model_type\": \"mamba\"|deepseek, deepseek_v2, deepseek_v3, dots1"})
    void unsupportedFeaturesAreNamed(String golden, String old, String changed, String named) {
        Path copy = GoldenCopy.make(golden, folder, text -> text.replace(old, changed));
        assertThatThrownBy(() -> Model.open(copy).close()).isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining(named);
    }

    @Test
    void wrongShapeNamesTensorExpectedAndFound() {
        Path copy = GoldenCopy.make("llama", folder, text -> text.replace("\"intermediate_size\": 160", "\"intermediate_size\": 161"));
        assertThatThrownBy(() -> Model.open(copy).close()).isInstanceOf(CheckpointException.class)
                .hasMessageContainingAll("model.layers.0.mlp.gate_proj.weight", "[160, 64]", "[161, 64]");
    }

    @Test
    void wrongExpertCountOfFusedTensorIsRefused() {
        Path copy = GoldenCopy.make("granitemoe", folder, text -> text.replace("\"num_local_experts\": 8", "\"num_local_experts\": 7"));
        assertThatThrownBy(() -> Model.open(copy).close()).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("router.layer.weight");
    }

    @Test
    void missingTensorIsNamed() {
        Path copy = GoldenCopy.make("llama", folder, text -> text.replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4"));
        assertThatThrownBy(() -> Model.open(copy).close()).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("model.layers.3.self_attn.q_proj.weight");
    }

    @Test
    void missingKeyIsNamed() {
        Path copy = GoldenCopy.make("llama", folder, text -> text.replace("\"hidden_size\": 64,", ""));
        assertThatThrownBy(() -> Model.open(copy).close()).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("hidden_size");
    }
}
