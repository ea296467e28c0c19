package org.mojave.engine.tokenize;

import java.util.Optional;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.JsonNode;

/**
 * The special tokens that {@code tokenizer_config.json} names, as text.
 *
 * @param beginning begin-of-sequence token
 * @param end end-of-sequence token
 * @param addBeginning {@code add_bos_token} where it is written down
 * @param addEnd {@code add_eos_token} where it is written down
 */
public record SpecialTokens(Optional<String> beginning, Optional<String> end, Optional<Boolean> addBeginning,
        Optional<Boolean> addEnd) {
    /** Names no token and decides nothing. */
    static final SpecialTokens NONE =
            new SpecialTokens(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    /** Reads a parsed {@code tokenizer_config.json}; {@code place} is its path for messages. */
    static SpecialTokens of(JsonNode config, String place) {
        return new SpecialTokens(token(config, "bos_token", place), token(config, "eos_token", place),
                flag(config, "add_bos_token", place), flag(config, "add_eos_token", place));
    }

    private static Optional<String> token(JsonNode config, String key, String place) {
        JsonNode node = config.path(key);
        if (node.isObject()) {
            node = node.path("content");
        }
        if (node.isMissingNode() || node.isNull()) {
            return Optional.empty();
        }
        if (!node.isString()) {
            throw new CheckpointException(place, key + " is neither text nor a token: " + node);
        }
        return Optional.of(node.stringValue());
    }

    private static Optional<Boolean> flag(JsonNode config, String key, String place) {
        JsonNode node = config.path(key);
        if (node.isMissingNode() || node.isNull()) {
            return Optional.empty();
        }
        if (!node.isBoolean()) {
            throw new CheckpointException(place, key + " is neither true nor false: " + node);
        }
        return Optional.of(node.booleanValue());
    }
}
