package org.mojave.engine.store;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mojave.engine.model.Config;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.JsonNode;

/** What {@code quantization_config} says about the storage of matrices. */
sealed interface Storage {
    /** Plain floats, or MXFP4 blocks where the plain tensor is absent. */
    record Plain() implements Storage {}

    /** FP8 tensors with {@code weight_scale_inv} per block. */
    record BlockScaled(int blockRows, int blockColumns) implements Storage {}

    /** Mojave's own: tensor name (also the matrix name) to scheme; every other matrix is plain. */
    record Packed(Map<String, Scheme> schemes) implements Storage {
        public Packed {
            schemes = Map.copyOf(schemes);
        }
    }

    /** Reads the config of the whole model; throws UnsupportedModelException for another method. */
    static Storage of(Config config) {
        Optional<Config> quantization = config.object("quantization_config");
        if (quantization.isEmpty()) {
            return new Plain();
        }
        Config keys = quantization.get();
        String method = keys.oneOf("quant_method", "", "fp8", "mojave", "mxfp4");
        return switch (method) {
            case "fp8" -> blockScaled(keys);
            case "mojave" -> packed(keys);
            default -> new Plain();
        };
    }

    private static Storage blockScaled(Config keys) {
        keys.oneOf("fmt", "e4m3", "e4m3");
        List<Integer> size = keys.has("weight_block_size") ? keys.integers("weight_block_size", 1) : List.of(128, 128);
        if (size.size() != 2) {
            throw new CheckpointException(keys.place(), "weight_block_size must hold two numbers, not " + size);
        }
        return new BlockScaled(size.get(0), size.get(1));
    }

    private static Storage packed(Config keys) {
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
        return new Packed(schemes);
    }
}
