package org.mojave.engine.bounded;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.Logits;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RunParts;

/**
 * Tries modes on a short text, token by token as in generation, and compares each with exact computing: divergence and time. Holds the
 * exact logits of all positions, 4 bytes for each word of the vocabulary.
 */
public final class ModeTrial {
    /** The exact logits take at most so many bytes. */
    private static final long LOGIT_BYTES = 32L << 20;
    private static final int MOST_TOKENS = 96;
    private static final double[] SHARES = {0.5, 0.75, 1};
    private static final double[] PERCENTS = {30, 50};

    private final Model model;
    private final Workers workers;
    private final ProductPath path;

    /** For a model whose experts come from where they will come from. */
    public ModeTrial(Model model, Workers workers, ProductPath path) {
        this.model = model;
        this.workers = workers;
        this.path = path;
    }

    /**
     * How a mode did.
     *
     * @param mode tried; empty for exact computing
     * @param divergence mean KL from exact, nats per token
     * @param tokensPerSecond of the trial
     */
    public record Outcome(Optional<Mode> mode, double divergence, double tokensPerSecond) {}

    /** Tokens that a trial of that model takes at most. */
    public static int mostTokens(Model model) {
        return Math.clamp(LOGIT_BYTES / (4L * model.vocabularySize()), 2, Math.min(MOST_TOKENS, model.contextLength()));
    }

    /** Bytes that a trial takes beside a cache for its tokens. */
    public static long bytes(Model model) {
        return 4L * mostTokens(model) * model.vocabularySize() + LayerRunner.normBytes(model.spec());
    }

    /** The modes that make sense for a model: those that spare reads only where experts are read. */
    public static List<Mode> candidates(ModelSpec spec, boolean streamed) {
        List<Mode> modes = new ArrayList<>();
        int least = spec.layers().stream().filter(layer -> layer.feedForward() instanceof FeedForward.Mixture)
                .mapToInt(layer -> ((FeedForward.Mixture) layer.feedForward()).router().chosen()).min().orElse(0);
        if (streamed) {
            for (double share : SHARES) {
                modes.add(new Mode.SkipMisses(share));
            }
            modes.add(new Mode.EarlyRoutes());
        }
        for (int kept = least - 1; kept >= Math.max(1, least / 2); kept--) {
            modes.add(new Mode.FewerExperts(kept));
        }
        if (least > 0) {
            for (double percent : PERCENTS) {
                modes.add(new Mode.GateFirst(percent));
                modes.add(new Mode.Wina(percent));
            }
        }
        return modes;
    }

    /** Exact computing first, twice, so that the slab is warm when it counts; then each mode that fits the model's routers. */
    public List<Outcome> run(int[] tokens, List<Mode> modes) {
        List<float[]> exact = new ArrayList<>();
        pass(tokens, Optional.empty(), (_, logits) -> exact.add(logits));
        List<Outcome> outcomes = new ArrayList<>();
        outcomes.add(new Outcome(Optional.empty(), 0, pass(tokens, Optional.empty(), (_, _) -> { })));
        for (Mode mode : modes) {
            Bounded bounded;
            try {
                bounded = Bounded.deciding(model.spec(), mode, model.experts(), Optional.empty());
            } catch (IllegalArgumentException _) {
                continue; // not for this model
            }
            double[] divergence = new double[1];
            double speed = pass(tokens, Optional.of(bounded), (t, logits) -> divergence[0] += divergence(exact.get(t), logits) / tokens.length);
            outcomes.add(new Outcome(Optional.of(mode), divergence[0], speed));
        }
        return outcomes;
    }

    private static double divergence(float[] exact, float[] other) {
        int width = exact.length;
        return Logits.divergence(new Logits.Row(exact, Logits.logSum(exact, 0, width)), new Logits.Row(other, Logits.logSum(other, 0, width)), 0, width);
    }

    /** The fastest mode that diverges by {@code most} at most and is faster than exact computing; empty if there is none. */
    public static Optional<Mode> best(List<Outcome> outcomes, double most) {
        Outcome best = outcomes.getFirst();
        for (Outcome outcome : outcomes) {
            if (outcome.divergence() <= most && outcome.tokensPerSecond() > best.tokensPerSecond()) {
                best = outcome;
            }
        }
        return best.mode();
    }

    /** Hears the logits after each token. */
    private interface Positions {
        void computed(int position, float[] logits);
    }

    /** Feeds the tokens one by one; returns tokens per second. */
    private double pass(int[] tokens, Optional<Bounded> bounded, Positions positions) {
        Decoder decoder = new Decoder(model, workers, RunParts.of(model, path).routes(bounded.flatMap(Bounded::change))
                .neurons(bounded.flatMap(Bounded::choice)));
        KvCache cache = decoder.newCache(tokens.length);
        long nanos = 0;
        for (int t = 0; t < tokens.length; t++) {
            long start = System.nanoTime();
            float[] logits = decoder.last(List.of(new Decoder.Chunk(cache, new int[] {tokens[t]}))).getFirst();
            nanos += System.nanoTime() - start;
            positions.computed(t, logits);
        }
        return tokens.length * 1e9 / nanos;
    }
}
