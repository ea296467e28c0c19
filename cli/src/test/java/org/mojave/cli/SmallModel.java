package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A checkpoint of random weights with {@code wren-moe}'s tokenizer, made in a fraction of a second.
 *
 * @param layers of the model
 * @param experts of a layer, 2 of them for a token
 * @param intermediate neurons of an expert
 */
record SmallModel(int layers, int experts, int intermediate) {
    private static final Path EXAMPLE = Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe");

    /** Writes it to a new folder. */
    void make(Path model) throws IOException {
        Path config = Files.writeString(model.resolveSibling("shape.json"), """
                {"model_type": "qwen3_moe", "attention_bias": false, "head_dim": 16, "hidden_act": "silu", "hidden_size": 64,
                 "intermediate_size": 96, "max_position_embeddings": 128, "mlp_only_layers": [], "decoder_sparse_step": 1,
                 "moe_intermediate_size": %d, "norm_topk_prob": true, "num_attention_heads": 4, "num_experts": %d,
                 "num_experts_per_tok": 2, "num_hidden_layers": %d, "num_key_value_heads": 2, "rms_norm_eps": 1e-6,
                 "rope_theta": 10000.0, "tie_word_embeddings": true, "torch_dtype": "bfloat16", "vocab_size": 4096}
                """.formatted(intermediate, experts, layers));
        assertThat(Run.mojave("synth", "--config", config.toString(), "--out", model.toString(), "--quiet").code()).isZero();
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(EXAMPLE.resolve(file), model.resolve(file));
        }
    }
}
