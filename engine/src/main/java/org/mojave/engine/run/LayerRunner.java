package org.mojave.engine.run;

import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.ModelSpec;

/**
 * The two halves of a layer on a batch of hidden states. Calibration calls it layer by layer with whole sequences;
 * {@link Decoder} calls it with KV caches: there is no other forward pass. Buffers are reused between calls, so an instance
 * belongs to one thread at a time. Results do not depend on the number of workers.
 *
 * <p>Example: {@code runner.attention(weights, hidden, Batch.whole(256, 256), LinearObserver.NONE);
 * runner.feedForward(weights, hidden, 512, LinearObserver.NONE, RouterListener.NONE);}
 */
public final class LayerRunner {
    private final Buffers buffers = new Buffers();
    private final Linears linears;
    private final AttentionHalf attention;
    private final FeedForwardHalf feedForward;

    /** For models of that spec, computing exactly with {@code workers}: what calibration and verification use. */
    public LayerRunner(ModelSpec spec, Workers workers) {
        this(spec, workers, new ExactProducts());
    }

    /** For models of that spec, multiplying in that way. */
    public LayerRunner(ModelSpec spec, Workers workers, ProductPath path) {
        this(spec, workers, RunParts.of(path));
    }

    /** For models of that spec, put together from those parts. */
    public LayerRunner(ModelSpec spec, Workers workers, RunParts parts) {
        linears = new Linears(workers, parts.path());
        attention = new AttentionHalf(spec, workers, linears, buffers, parts.pruning());
        feedForward = new FeedForwardHalf(spec, workers, linears, buffers, parts);
    }

    /** From now on, whether each token's results must be those that it would have alone, to the bit ({@link Decoder#step}). */
    void independent(boolean tokensAre) {
        linears.independent(tokensAre);
    }

    /**
     * {@code hidden += residual · attention(norm(hidden))}, in place.
     *
     * @param hidden [batch.tokens(), hidden], row-major from index 0
     */
    public void attention(LayerWeights weights, float[] hidden, Batch batch, LinearObserver observer) {
        attention.run(weights, hidden, batch, observer);
    }

    /**
     * {@code hidden += residual · feedForward(norm(hidden))}, in place; tokens are grouped by expert.
     *
     * @param hidden [tokens, hidden], row-major from index 0
     */
    public void feedForward(LayerWeights weights, float[] hidden, int tokens, LinearObserver observer, RouterListener listener) {
        feedForward.run(weights, hidden, tokens, observer, listener);
    }

    /**
     * As {@link #feedForward(LayerWeights, float[], int, LinearObserver, RouterListener)}, with the experts and weights of
     * {@code routing} instead of the router's own choice: what these experts would make of these states. A layer without experts ignores it.
     */
    public void feedForward(LayerWeights weights, float[] hidden, Routing routing, LinearObserver observer) {
        feedForward.run(weights, hidden, routing, observer);
    }

    /**
     * Norm and router of a layer with experts, and nothing more: shows the router's input and its choice.
     *
     * @param hidden [tokens, hidden], row-major from index 0; only read
     */
    public void route(LayerWeights weights, float[] hidden, int tokens, LinearObserver observer, RouterListener listener) {
        feedForward.route(weights, hidden, tokens, observer, listener);
    }

    /**
     * Tells the experts' store what a layer with experts would choose for these states: a guess at what it will choose once its
     * attention has changed them (training-free look-ahead). Does nothing where nobody wants to know.
     *
     * @param hidden [tokens, hidden], row-major from index 0; only read
     */
    public void guess(LayerWeights weights, float[] hidden, int tokens) {
        feedForward.guess(weights, hidden, tokens);
    }

    /**
     * Most bytes of buffers that a batch takes for each of its tokens, whatever the router chooses, on the exact path; for
     * planning memory. Paths that round activations add a quarter, and compute a few tokens as if they were {@value
     * RoutedExperts#TOGETHER}.
     */
    public static long bytesPerToken(ModelSpec spec) {
        long attention = 0;
        long network = 0;
        long mixture = 0;
        for (LayerSpec layer : spec.layers()) {
            attention = Math.max(attention, AttentionHalf.floatsPerToken(layer.attention()));
            network = Math.max(network, FeedForwardHalf.networkFloatsPerToken(layer.feedForward()));
            mixture = Math.max(mixture, FeedForwardHalf.mixtureFloatsPerToken(layer.feedForward(), spec.hiddenSize()));
        }
        return 4 * (attention + network + mixture + 3L * spec.hiddenSize());
    }

    /**
     * Bytes that a decoder's buffers take for calls of so many tokens, from above: rounded activations and the logits of one token
     * included.
     */
    public static long workingBytes(ModelSpec spec, int tokens) {
        long rows = Math.max(tokens, RoutedExperts.TOGETHER);
        return bytesPerToken(spec) * rows / 4 * 5 + 4L * spec.hiddenSize() * rows + 16L * spec.vocabularySize();
    }

    /** Most bytes that a {@link NeuronChoice} by column norms takes besides. */
    public static long normBytes(ModelSpec spec) {
        return ColumnNorms.bytes(spec);
    }

    /** Bytes of the buffers held now. */
    public long bufferBytes() {
        return buffers.bytes() + linears.bytes() + feedForward.keptBytes();
    }
}
