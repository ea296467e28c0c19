package org.mojave.engine.model.arch;

import java.util.List;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.format.tensor.CheckpointException;

/** The supported model families. */
public final class Architectures {
    private static final List<Architecture> ALL = List.of(
            new Deepseek(),
            new DeepseekV2(),
            new DeepseekV3(),
            new Dots1(),
            new Ernie45Moe(),
            new Glm4Moe(),
            new GptOss(),
            new Granitemoe(),
            new Granitemoeshared(),
            new Llama(),
            new Llama4("llama4"),
            new Llama4("llama4_text"),
            new Mixtral(),
            new Olmoe(),
            new Phimoe(),
            new Qwen2Moe(),
            new Qwen3Moe());

    private Architectures() {}

    /** The supported values of {@code model_type}, alphabetical. */
    public static List<String> modelTypes() {
        return ALL.stream().map(Architecture::modelType).sorted().toList();
    }

    /**
     * Reads a config.json. Throws {@link UnsupportedModelException} for another family or an unsupported feature, {@link
     * CheckpointException} for values that make no sense.
     */
    public static Recognised recognise(Config config) {
        String modelType = config.text("model_type", "");
        for (Architecture architecture : ALL) {
            if (architecture.modelType().equals(modelType)) {
                try {
                    return architecture.read(config);
                } catch (IllegalArgumentException | ArithmeticException e) {
                    throw new CheckpointException(config.place(), "makes no sense (" + e.getMessage() + ")", e);
                }
            }
        }
        throw new UnsupportedModelException(config.place() + ": model_type '" + modelType + "' is not supported; supported: "
                + String.join(", ", modelTypes()));
    }
}
