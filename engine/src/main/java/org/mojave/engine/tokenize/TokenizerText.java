package org.mojave.engine.tokenize;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.gguf.GgufFile;
import org.mojave.format.tensor.CheckpointException;

/**
 * A tokenizer as read.
 *
 * @param place the file, for messages
 * @param json tokenizer.json
 * @param specialTokens what stands beside it
 */
record TokenizerText(String place, String json, SpecialTokens specialTokens) {
    private static final String FILE = "tokenizer.json";
    private static final String CONFIG = "tokenizer_config.json";

    /** Reads a model folder or a GGUF file. */
    static TokenizerText read(Path path) {
        if (!Files.isRegularFile(path)) {
            return ofFolder(path);
        }
        try (Arena arena = Arena.ofShared()) {
            return GgufTokenizer.of(GgufFile.open(path, arena));
        }
    }

    private static TokenizerText ofFolder(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw new CheckpointException(folder.toString(), "holds no " + FILE
                    + ", so text cannot be turned into tokens; copy it from the model's original folder, or give token ids");
        }
        Path config = folder.resolve(CONFIG);
        SpecialTokens specialTokens = Files.isRegularFile(config)
                ? SpecialTokens.of(Checkpoint.readJson(config), config.toString()) : SpecialTokens.NONE;
        try {
            return new TokenizerText(file.toString(), Files.readString(file), specialTokens);
        } catch (IOException e) {
            throw new CheckpointException(file.toString(), "cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
