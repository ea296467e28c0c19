package org.mojave.compress.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.mojave.compress.calibrate.BalancedText;
import org.mojave.compress.calibrate.CalibrationText;
import org.mojave.compress.calibrate.RouterSurvey;
import org.mojave.compress.calibrate.TokenFile;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.calibrate.Vocabulary;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.statistics.ExpertHistogram;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Model;
import org.mojave.engine.tokenize.Tokenizer;

/**
 * The token sequences of a job: for calibration, or a few random ones where only the written files are compared.
 *
 * @param sequences of one length
 * @param balance how they were chosen for an even use of the experts, where that was asked
 */
record JobTokens(TokenSequences sequences, Optional<BalancedText> balance) {
    /** Sequences and tokens with which logits are compared. */
    static final int CHECKED_SEQUENCES = 4;
    private static final int CHECKED_LENGTH = 64;

    /** The sequences that the request and the model allow; throws {@link RecipeException} where there is no text. */
    static JobTokens of(JobRequest request, Model model, JobListener listener) {
        if (request.tokens().isPresent()) {
            return new JobTokens(request.tokens().get(), Optional.empty());
        }
        if (!request.recipe().needsText() || request.statistics().isPresent()) {
            return new JobTokens(random(model.spec(), request.recipe().seed()), Optional.empty());
        }
        CalibrationWish wish = request.recipe().calibration();
        if (wish.balance() == 0) {
            return new JobTokens(text(request, model.spec(), wish.sequences()), Optional.empty());
        }
        BalancedText balanced = balanced(request, model, listener);
        return new JobTokens(balanced.tokens(), Optional.of(balanced));
    }

    private static BalancedText balanced(JobRequest request, Model model, JobListener listener) {
        ModelSpec spec = model.spec();
        if (RouterSurvey.experts(spec) == 0) {
            throw new RecipeException(request.model() + ": has no experts to balance; leave out --balance");
        }
        CalibrationWish wish = request.recipe().calibration();
        TokenSequences pool = text(request, spec, Math.multiplyExact(wish.sequences(), BalancedText.POOL_FACTOR));
        return BalancedText.choose(pool, survey(request, model, pool, "balance", listener), spec, wish);
    }

    /** How often the original chooses each expert for each sequence. */
    static List<ExpertHistogram> survey(JobRequest request, Model model, TokenSequences pool, String stage, JobListener listener) {
        listener.started(stage, model.spec().layers().size());
        MemoryBudget budget = new MemoryBudget(Math.max(1, MemoryBudget.ofProcess(request.limits().memoryBytes())));
        Path beside = request.output().toAbsolutePath().getParent();
        Path folder = Files.isDirectory(beside) ? beside : Path.of(System.getProperty("java.io.tmpdir"));
        try (Workers workers = new Workers(request.limits().threads())) {
            return RouterSurvey.of(model, pool, workers, new RouterSurvey.Place(budget, folder, () -> listener.advanced(1, "")));
        }
    }

    private static TokenSequences text(JobRequest request, ModelSpec spec, int count) {
        CalibrationWish wish = request.recipe().calibration();
        if (wish.files().isEmpty()) {
            throw new RecipeException(reader(request) + " needs calibration text; name a text file with --calibration, or "
                    + remedy(request));
        }
        requireTokenizer(request);
        int length = Math.min(wish.length(), spec.contextLength());
        try (Tokenizer tokenizer = Tokenizer.open(request.model())) {
            checkTokenFiles(wish.files(), tokenizer, spec);
            return CalibrationText.choose(wish.files(), text -> checked(tokenizer.encode(text), spec), count, length,
                    new Random(request.recipe().seed()));
        }
    }

    private static void requireTokenizer(JobRequest request) {
        if (!Files.exists(request.model().resolve("tokenizer.json"))) {
            throw new RecipeException(request.model() + " has no tokenizer.json, which " + reader(request)
                    + " needs to read calibration text; add it, or " + remedy(request));
        }
    }

    /** Who wants text. */
    private static String reader(JobRequest request) {
        Recipe recipe = request.recipe();
        return recipe.method().calibrates() ? recipe.method().wireName()
                : recipe.target().isPresent() ? "weighing matrices for a target" : "smoothing or router calibration";
    }

    private static String remedy(JobRequest request) {
        return request.recipe().method().calibrates() || request.recipe().target().isPresent() ? "use --method rtn without a target" : "leave out --smoothing, --outlier-scaling and --router-bits";
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
