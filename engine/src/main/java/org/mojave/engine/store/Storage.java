package org.mojave.engine.store;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mojave.engine.model.Config;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.JsonNode;

/**
 * What {@code quantization_config} says about the storage of matrices. MXFP4 needs no entry: its tensors have names of their
 * own.
 *
 * @param schemes matrices in Mojave's packed layout, by matrix name, which is the tensor's name too; all others are plain or
 *     block-scaled
 * @param blocks block size of FP8 tensors that come with {@code weight_scale_inv}
 */
record Storage(Map<String, Scheme> schemes, Optional<BlockScaled> blocks) {
    Storage {
        schemes = Map.copyOf(schemes);
    }

    /** {@code weight_block_size}. */
    record BlockScaled(int blockRows, int blockColumns) {}

    /** Reads the config of the whole model; throws UnsupportedModelException for a method other than fp8, mxfp4, mojave. */
    static Storage of(Config config) {
        Optional<Config> quantization = config.object("quantization_config");
        if (quantization.isEmpty()) {
            return new Storage(Map.of(), Optional.empty());
        }
        Config keys = quantization.get();
        String method = keys.oneOf("quant_method", "", "fp8", "mojave", "mxfp4");
        keys.oneOf("fmt", "e4m3", "e4m3");
        keys.oneOf("activation_scheme", "dynamic", "dynamic");
        Map<String, Scheme> schemes = method.equals("mojave") ? schemes(keys) : Map.of();
        boolean block = keys.has("weight_block_size") || method.equals("fp8");
        return new Storage(schemes, block ? Optional.of(blocks(keys)) : Optional.empty());
    }

    private static BlockScaled blocks(Config keys) {
        List<Integer> size = keys.has("weight_block_size") ? keys.integers("weight_block_size", 1) : List.of(128, 128);
        if (size.size() != 2) {
            throw new CheckpointException(keys.place(), "weight_block_size must hold two numbers, not " + size);
        }
        return new BlockScaled(size.get(0), size.get(1));
    }

    private static Map<String, Scheme> schemes(Config keys) {
        Config matrices = keys.object("matrices")
                .orElseThrow(() -> new CheckpointException(keys.place(), "lacks the key matrices"));
        Map<String, Scheme> schemes = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : matrices.node().properties()) {
            try {
                schemes.put(entry.getKey(), Scheme.parse(matrices.text(entry.getKey(), "")));
            } catch (IllegalArgumentException e) {
                throw new CheckpointException(matrices.place(), entry.getKey() + ": " + e.getMessage(), e);
            }
        }
        return schemes;
    }
}
