package org.mojave.engine.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.Rope;

/**
 * Runs all layers over one or more sequences, each with its own KV cache and one or more new tokens. Belongs to one thread at
 * a time. Memory grows with the tokens of one call ({@link LayerRunner#bytesPerToken}): feed a long prompt in chunks, the
 * result is the same.
 *
 * <p>Example, greedy decoding of one sequence:
 * <pre>{@code
 * KvCache cache = decoder.newCache(1024);
 * float[] logits = decoder.last(List.of(new Decoder.Chunk(cache, prompt))).getFirst();
 * while (!done) {
 *     logits = decoder.last(List.of(new Decoder.Chunk(cache, new int[] {best(logits)}))).getFirst();
 * }
 * }</pre>
 */
public final class Decoder {
    /** Floats of logits that are held at a time when all positions are asked for. */
    private static final int PANEL_FLOATS = 1 << 22;

    private final ModelSpec spec;
    private final KeyValueType keyValues;
    /** Whether experts come from a store, which gets what memory caches leave. */
    private final boolean shares;
    private final LayerRunner runner;
    private final Ends ends;
    private final List<LayerWeights> layers = new ArrayList<>();
    private final Buffers buffers = new Buffers();

    /** New tokens of one sequence; they follow what its cache holds. */
    public record Chunk(KvCache cache, int[] tokens) {
        public Chunk {
            if (tokens.length == 0) {
                throw new IllegalArgumentException("a chunk needs at least one token");
            }
        }
    }

    /** Receives logits panel by panel. */
    @FunctionalInterface
    public interface PanelConsumer {
        /**
         * One panel of logits.
         *
         * @param chunk number of the chunk in the call
         * @param first first token of the chunk that this panel is about
         * @param rows tokens in this panel
         * @param logits [rows, vocabulary] from index 0, reused by the next panel
         */
        void panel(int chunk, int first, int rows, float[] logits);
    }

    /** For that model, computing exactly with {@code workers}. */
    public Decoder(Model model, Workers workers) {
        this(model, workers, new ExactProducts());
    }

    /** For that model, multiplying in that way. */
    public Decoder(Model model, Workers workers, ProductPath path) {
        this(model, workers, path, Optional.empty());
    }

    /** As {@link #Decoder(Model, Workers, ProductPath)}, skipping experts. */
    public Decoder(Model model, Workers workers, ProductPath path, Optional<DynamicPruning> pruning) {
        this(model, workers, RunParts.of(model, path).pruning(pruning));
    }

    /** For that model, put together from those parts, whose experts take the place of the model's. */
    public Decoder(Model model, Workers workers, RunParts parts) {
        spec = model.spec();
        keyValues = parts.keyValues();
        shares = parts.experts().isPresent();
        runner = new LayerRunner(spec, workers, parts);
        ends = new Ends(model, workers, parts.path());
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            layers.add(LayerWeights.of(spec, model.weights(), layer));
        }
    }

    /** An empty cache for a sequence of at most {@code capacity} tokens; where experts leave memory to it, it takes that at once. */
    public KvCache newCache(int capacity) {
        KvCache cache = new KvCache(spec, capacity, keyValues);
        if (shares) {
            cache.takeAll();
        }
        return cache;
    }

    /** Feeds the chunks and returns the logits [vocabulary] of each chunk's last token. */
    public List<float[]> last(List<Chunk> chunks) {
        return last(chunks, RouterListener.NONE);
    }

    /**
     * As {@link #last(List)}, reporting the router's choices for all tokens computed: the new ones, preceded by the old ones of a
     * sequence whose rope frequencies changed with its length.
     */
    public List<float[]> last(List<Chunk> chunks, RouterListener listener) {
        int[] starts = new int[chunks.size()];
        float[] hidden = forward(chunks, starts, listener);
        List<float[]> all = new ArrayList<>();
        for (int c = 0; c < chunks.size(); c++) {
            float[] logits = new float[spec.vocabularySize()];
            ends.logits(hidden, starts[c] + chunks.get(c).tokens().length - 1, 1, logits);
            all.add(logits);
        }
        return all;
    }

    /**
     * Sequences that advance by one token together: {@code tokens[i]} follows what {@code caches.get(i)} holds.
     *
     * <p>Example: {@code decoder.step(new Decoder.Step(List.of(one, two), new int[] {17, 4}), RouterListener.NONE, logits)}.
     */
    public record Step(List<KvCache> caches, int[] tokens) {
        public Step {
            caches = List.copyOf(caches);
            if (caches.isEmpty() || caches.size() != tokens.length) {
                throw new IllegalArgumentException(caches.size() + " sequences cannot take " + tokens.length + " tokens");
            }
        }
    }

    /**
     * Advances sequences by one token each. What they need of the weights is read once for all of them: of experts the union. The logits
     * of each are those of stepping it alone, to the bit (but not with experts skipped: what is skipped is ruled by what was skipped before).
     *
     * @param logits [sequences, vocabulary] from index 0 on, receives the result
     */
    public void step(Step step, RouterListener listener, float[] logits) {
        int sequences = step.tokens().length;
        Objects.checkFromIndexSize(0, Math.multiplyExact(sequences, spec.vocabularySize()), logits.length);
        List<Chunk> chunks = new ArrayList<>();
        for (int i = 0; i < sequences; i++) {
            chunks.add(new Chunk(step.caches().get(i), new int[] {step.tokens()[i]}));
        }
        runner.independent(true);
        ends.independent(true);
        try {
            int[] starts = new int[sequences];
            float[] hidden = forward(chunks, starts, listener);
            float[] last = buffers.take(Buffers.Slot.LAST, sequences, spec.hiddenSize());
            for (int i = 0; i < sequences; i++) {
                System.arraycopy(hidden, starts[i] * spec.hiddenSize(), last, i * spec.hiddenSize(), spec.hiddenSize());
            }
            ends.logits(last, 0, sequences, logits);
        } finally {
            runner.independent(false);
            ends.independent(false);
        }
    }

    /** Feeds the chunks and hands out the logits of all new tokens, in panels of bounded size. */
    public void all(List<Chunk> chunks, PanelConsumer consumer, RouterListener listener) {
        int[] starts = new int[chunks.size()];
        float[] hidden = forward(chunks, starts, listener);
        int panel = Math.max(1, PANEL_FLOATS / spec.vocabularySize());
        for (int c = 0; c < chunks.size(); c++) {
            int tokens = chunks.get(c).tokens().length;
            for (int first = 0; first < tokens; first += panel) {
                int rows = Math.min(panel, tokens - first);
                float[] logits = buffers.take(Buffers.Slot.LOGITS, rows, spec.vocabularySize());
                ends.logits(hidden, starts[c] + first, rows, logits);
                consumer.panel(c, first, rows, logits);
            }
        }
    }

    /** Runs the layers; {@code starts} receives each chunk's first row of new tokens in the returned hidden states. */
    private float[] forward(List<Chunk> chunks, int[] starts, RouterListener listener) {
        List<int[]> fed = new ArrayList<>();
        List<Batch.Sequence> sequences = new ArrayList<>();
        int row = 0;
        if (chunks.stream().map(Chunk::cache).distinct().count() != chunks.size()) {
            throw new IllegalArgumentException("two chunks of one call share a cache");
        }
        for (int c = 0; c < chunks.size(); c++) {
            Chunk chunk = chunks.get(c);
            int[] tokens = fed(chunk);
            starts[c] = row + tokens.length - chunk.tokens().length;
            chunk.cache().reserve(tokens.length);
            sequences.add(new Batch.Sequence(chunk.cache().length(), tokens.length, Optional.of(chunk.cache())));
            fed.add(tokens);
            row += tokens.length;
        }
        float[] hidden = buffers.take(Buffers.Slot.HIDDEN, row, spec.hiddenSize());
        Batch batch = new Batch(sequences);
        int first = 0;
        for (int[] tokens : fed) {
            ends.embed(tokens, hidden, first);
            first += tokens.length;
        }
        for (LayerWeights layer : layers) {
            runner.guess(layer, hidden, batch.tokens());
            runner.attention(layer, hidden, batch, LinearObserver.NONE);
            runner.feedForward(layer, hidden, batch.tokens(), LinearObserver.NONE, listener);
        }
        for (int c = 0; c < chunks.size(); c++) {
            chunks.get(c).cache().advance(fed.get(c));
        }
        return hidden;
    }

    /**
     * The tokens to compute: the new ones, or the whole sequence where its new length changes the rope frequencies (LongRoPE
     * past its original length, dynamic NTK), because what the cache holds was rotated with the old ones.
     */
    private int[] fed(Chunk chunk) {
        KvCache cache = chunk.cache();
        int length = cache.length() + chunk.tokens().length;
        if (cache.length() == 0 || sameRotations(cache.length(), length)) {
            return chunk.tokens();
        }
        int[] old = cache.tokens();
        int[] whole = new int[length];
        System.arraycopy(old, 0, whole, 0, old.length);
        System.arraycopy(chunk.tokens(), 0, whole, old.length, chunk.tokens().length);
        cache.truncate(0);
        return whole;
    }

    private boolean sameRotations(int before, int after) {
        for (LayerSpec layer : spec.layers()) {
            if (layer.attention().rope().isPresent()) {
                Rope rope = layer.attention().rope().get();
                if (Rotations.regime(rope, before) != Rotations.regime(rope, after)) {
                    return false;
                }
            }
        }
        return true;
    }
}
