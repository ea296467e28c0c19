package org.mojave.compress.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.mojave.compress.calibrate.CalibrationText;
import org.mojave.compress.calibrate.TokenFile;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.calibrate.Vocabulary;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.tokenize.Tokenizer;

/** The token sequences of a job: for calibration, or a few random ones where only the written files are compared. */
final class JobTokens {
    /** Sequences and tokens with which logits are compared. */
    static final int CHECKED_SEQUENCES = 4;
    private static final int CHECKED_LENGTH = 64;

    private JobTokens() {}

    /** The sequences that the request and the model allow; throws {@link RecipeException} where there is no text. */
    static TokenSequences of(JobRequest request, ModelSpec spec) {
        if (request.tokens().isPresent()) {
            return request.tokens().get();
        }
        if (request.recipe().method() == Method.RTN) {
            return random(spec, request.recipe().seed());
        }
        CalibrationWish wish = request.recipe().calibration();
        if (wish.files().isEmpty()) {
            throw new RecipeException("gptq needs calibration text; name a text file with --calibration, or use --method rtn");
        }
        requireTokenizer(request.model());
        int length = Math.min(wish.length(), spec.contextLength());
        try (Tokenizer tokenizer = Tokenizer.open(request.model())) {
            checkTokenFiles(wish.files(), tokenizer, spec);
            return CalibrationText.choose(wish.files(), text -> checked(tokenizer.encode(text), spec), wish.sequences(), length,
                    new Random(request.recipe().seed()));
        }
    }

    private static void requireTokenizer(Path model) {
        if (!Files.exists(model.resolve("tokenizer.json"))) {
            throw new RecipeException(model + " has no tokenizer.json, which gptq needs to read calibration text; add it, or use "
                    + "--method rtn");
        }
    }

    private static void checkTokenFiles(List<Path> files, Tokenizer tokenizer, ModelSpec spec) {
        List<Path> tokenFiles = files.stream().filter(TokenFile::isOne).toList();
        if (tokenFiles.isEmpty()) {
            return;
        }
        String vocabulary = Vocabulary.of(tokenizer, spec.vocabularySize()).digest();
        for (Path file : tokenFiles) {
            TokenFile tokens = TokenFile.read(file);
            if (!tokens.vocabulary().equals(vocabulary)) {
                throw new RecipeException(file + ": its tokens are those of another model (" + tokens.origin().path("model").asString()
                        + "), whose vocabulary differs; make tokens for this one with mojave sample");
            }
            tokens.sequences().forEach(sequence -> checked(sequence.tokens(), spec));
        }
    }

    private static int[] checked(int[] tokens, ModelSpec spec) {
        for (int token : tokens) {
            if (token < 0 || token >= spec.vocabularySize()) {
                throw new RecipeException("tokenizer.json does not belong to this model: it gives token " + token
                        + ", the vocabulary has " + spec.vocabularySize());
            }
        }
        return tokens;
    }

    private static TokenSequences random(ModelSpec spec, long seed) {
        Random random = new Random(seed);
        int length = Math.min(CHECKED_LENGTH, spec.contextLength());
        List<int[]> sequences = new ArrayList<>();
        for (int s = 0; s < CHECKED_SEQUENCES; s++) {
            sequences.add(random.ints(length, 0, spec.vocabularySize()).toArray());
        }
        return new TokenSequences(sequences);
    }
}
