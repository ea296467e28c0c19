package org.mojave.compress.sample;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.mojave.compress.calibrate.TokenFile;
import org.mojave.compress.calibrate.Vocabulary;
import org.mojave.compress.plan.ByteSizes;
import org.mojave.compress.plan.MemoryNeeds;
import org.mojave.compress.plan.ResourceException;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.statistics.ExpertHistogram;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.Model;
import org.mojave.engine.tokenize.Tokenizer;
import tools.jackson.databind.node.ObjectNode;

/**
 * A model writes its own calibration sequences. Several are searched for together; each group is journaled when it is finished, so that
 * work that was stopped, also by force, goes on there with the same request.
 *
 * <p>Example: {@code TokenFile tokens = SelfSampling.run(request, SamplingListener.NONE);}
 */
public final class SelfSampling {
    private final SamplingRequest request;
    private final Model model;
    private final Tokenizer tokenizer;
    private final Vocabulary vocabulary;
    private final BitSet allowed;
    private final int[] prefix;
    private final int[] mixtures;
    private final int layers;
    private final int experts;

    private SelfSampling(SamplingRequest request, Model model, Tokenizer tokenizer) {
        this.request = request;
        this.model = model;
        this.tokenizer = tokenizer;
        ModelSpec spec = model.spec();
        mixtures = new int[spec.layers().size()];
        Arrays.fill(mixtures, -1);
        int mixed = 0;
        int most = 0;
        for (int layer = 0; layer < mixtures.length; layer++) {
            if (spec.layer(layer).feedForward() instanceof FeedForward.Mixture mixture) {
                mixtures[layer] = mixed++;
                most = Math.max(most, mixture.router().experts());
            }
        }
        layers = mixed;
        experts = most;
        if (layers == 0) {
            throw new RecipeException(request.model() + ": has no experts to balance; calibrate with text");
        }
        if (request.settings().length() > spec.contextLength()) {
            throw new RecipeException("--length " + request.settings().length() + " is more than the model's context of "
                    + spec.contextLength() + " tokens; give a smaller one");
        }
        vocabulary = Vocabulary.of(tokenizer, spec.vocabularySize());
        allowed = (BitSet) vocabulary.plain().clone();
        model.endTokens().forEach(allowed::clear);
        prefix = tokenizer.encodePrompt("");
        if (allowed.isEmpty() || prefix.length + 1 + BeamSettings.DRAWN >= request.settings().length()) {
            throw new RecipeException(request.model() + ": sequences of " + request.settings().length()
                    + " tokens leave no room for text; give a larger --length");
        }
    }

    /** Writes the output file and returns what is in it. */
    public static TokenFile run(SamplingRequest request, SamplingListener listener) {
        requireFree(request);
        try (Model model = Model.open(request.model()); Tokenizer tokenizer = Tokenizer.open(request.model());
                Workers workers = new Workers(request.limits().threads())) {
            return new SelfSampling(request, model, tokenizer).run(workers, listener);
        }
    }

    private static void requireFree(SamplingRequest request) {
        Path folder = request.output().toAbsolutePath().getParent();
        if (!Files.isDirectory(folder)) {
            throw new RecipeException(folder + ": no such folder; make it, or choose another --out");
        }
        if (Files.isDirectory(request.output())) {
            throw new RecipeException(request.output() + ": is a folder; name a file with --out");
        }
        if (Files.exists(request.output()) && !request.limits().overwrite()) {
            throw new RecipeException(request.output() + ": exists already; choose another --out, or replace it with --overwrite");
        }
    }

    private TokenFile run(Workers workers, SamplingListener listener) {
        requireMemory();
        Decoder decoder = new Decoder(model, workers);
        try (SequenceJournal journal = SequenceJournal.open(request.output(), identity(decoder), request.limits().overwrite())) {
            long length = request.settings().length();
            int done = journal.finished().size() / request.together() * request.together();
            listener.started(request.sequences() * length, done * length);
            for (int first = done; first < request.sequences(); first += request.together()) {
                int count = Math.min(request.together(), request.sequences() - first);
                List<SequenceJournal.Finished> group = group(decoder, workers, first, count, () -> listener.advanced(count));
                // The first ones are journaled already where the journal ended within a group.
                group.subList(Math.min(count, journal.finished().size() - first), count).forEach(journal::add);
            }
            TokenFile file = file(journal.finished());
            file.write(request.output());
            journal.remove();
            return file;
        }
    }

    private void requireMemory() {
        BeamSettings settings = request.settings();
        long beam = KvCache.bytes(model.spec(), settings.length(), KeyValueType.F32) + (long) Float.BYTES * model.vocabularySize()
                + MemoryNeeds.forward(model.spec(), prefix.length + 1);
        // A growing cache holds its old and its new arrays for a moment.
        long each = settings.width() * beam * 3 / 2;
        long needed = Math.min(request.together(), request.sequences()) * each;
        long given = request.limits().bufferBytes();
        if (needed > given) {
            throw new ResourceException("the caches of " + request.together() + " sequences with " + settings.width() + " beams need "
                    + ByteSizes.text(needed) + ", there are " + ByteSizes.text(given) + "; give "
                    + (given >= each ? "--together " + given / each + " or " : "") + "a larger --memory");
        }
    }

    /** What decides the tokens; the weights are told by what the model says about one token. */
    private ObjectNode identity(Decoder decoder) {
        int[] probe = Arrays.copyOf(prefix, prefix.length + 1);
        probe[prefix.length] = allowed.nextSetBit(0);
        float[] logits = decoder.last(List.of(new Decoder.Chunk(decoder.newCache(probe.length), probe))).getFirst();
        return origin().put("vocabulary", vocabulary.digest()).put("logits", Integer.toHexString(Arrays.hashCode(logits)));
    }

    private ObjectNode origin() {
        Path name = request.model().toAbsolutePath().normalize().getFileName();
        return request.settings().json().put("model", String.valueOf(name)).put("sequences", request.sequences())
                .put("together", request.together()).put("seed", request.seed());
    }

    private List<SequenceJournal.Finished> group(Decoder decoder, Workers workers, int first, int count, Runnable step) {
        SequenceGroup group = new SequenceGroup(decoder, workers, request.settings(), mixtures);
        List<BeamSearch> searches = new ArrayList<>();
        for (int s = first; s < first + count; s++) {
            BeamSearch search = new BeamSearch(request.settings(), allowed, prefix, new ExpertTally(layers, experts), generator(s));
            searches.add(search);
            group.add(search);
        }
        List<ExpertHistogram> uses = group.run(step);
        List<SequenceJournal.Finished> finished = new ArrayList<>();
        for (int s = 0; s < count; s++) {
            Beam best = searches.get(s).beams().getFirst();
            TokenFile.Sequence sequence = new TokenFile.Sequence(best.tokens(), best.logProbability(), uses.get(s).imbalance(),
                    TokenFile.compressed(tokenizer.decodePlain(best.tokens())));
            finished.add(new SequenceJournal.Finished(sequence, uses.get(s)));
        }
        return finished;
    }

    /** A generator for each sequence, so that none is drawn differently after an interruption. */
    private Random generator(int sequence) {
        return new Random(request.seed() * 0x9E3779B97F4A7C15L + sequence);
    }

    private TokenFile file(List<SequenceJournal.Finished> finished) {
        ExpertHistogram use = ExpertHistogram.empty(layers, experts);
        List<TokenFile.Sequence> sequences = new ArrayList<>();
        for (SequenceJournal.Finished one : finished) {
            use = use.plus(one.use());
            sequences.add(one.sequence());
        }
        return new TokenFile(vocabulary.digest(), origin(), sequences, use);
    }
}
