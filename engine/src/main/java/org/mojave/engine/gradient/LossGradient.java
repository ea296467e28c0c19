package org.mojave.engine.gradient;

import java.util.List;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Batch;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;
import org.mojave.engine.run.Logits;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouterListener;

/**
 * Gradient of the loss with respect to what each half of a layer adds to the residual stream. The loss is the sum over all tokens but the
 * last of each sequence of −ln p(next token). Choices of experts are taken as fixed, as everywhere in training, and so is which
 * logits SparseMixer compares.
 *
 * <p>Example: {@code float[][] behind = new LossGradient(model, workers).behindHalves(List.of(tokens));}
 */
public final class LossGradient {
    /** Tokens whose logits are held at once. */
    private static final int PANEL_ROWS = 64;

    private final Model model;
    private final ModelSpec spec;
    private final Workers workers;
    private final LayerRunner runner;

    /** Of that model. */
    public LossGradient(Model model, Workers workers) {
        this.model = model;
        this.workers = workers;
        spec = model.spec();
        runner = new LayerRunner(spec, workers);
    }

    /** Most bytes that so many tokens take: states and gradients behind all halves, and what one half needs beside. */
    public static long bytes(ModelSpec spec, int tokens) {
        long kept = (2L * spec.layers().size() + 3) * spec.hiddenSize();
        return Float.BYTES * (tokens * kept + 2L * PANEL_ROWS * spec.vocabularySize()) + 3 * LayerRunner.bytesPerToken(spec) * tokens;
    }

    /**
     * By half layer, attention first: the gradient at the half's output before the residual multiplier, [tokens, hidden], the tokens of
     * all sequences one after the other.
     */
    public float[][] behindHalves(List<int[]> sequences) {
        int[] lengths = sequences.stream().mapToInt(sequence -> sequence.length).toArray();
        float[][] kept = new float[2 * spec.layers().size()][];
        float[] gradient = loss(sequences, forward(sequences, lengths, kept));
        AttentionBack attention = new AttentionBack(model, workers, lengths);
        FeedForwardBack feedForward = new FeedForwardBack(model, workers, runner);
        float residual = (float) spec.multipliers().residual();
        for (int half = kept.length - 1; half >= 0; half--) {
            float[] output = gradient.clone();
            for (int i = 0; residual != 1 && i < output.length; i++) {
                output[i] *= residual;
            }
            if (half % 2 == 0) {
                attention.back(half / 2, kept[half], output, gradient);
            } else {
                feedForward.back(half / 2, kept[half], output, gradient);
            }
            kept[half] = output;
        }
        return kept;
    }

    /** Keeps the states before each half, returns those behind the last. */
    private float[] forward(List<int[]> sequences, int[] lengths, float[][] kept) {
        Batch batch = Batch.whole(lengths);
        float[] states = new float[Math.multiplyExact(batch.tokens(), spec.hiddenSize())];
        Ends ends = new Ends(model, workers);
        int row = 0;
        for (int[] sequence : sequences) {
            ends.embed(sequence, states, row);
            row += sequence.length;
        }
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            LayerWeights weights = LayerWeights.of(spec, model.weights(), layer);
            kept[2 * layer] = states.clone();
            runner.attention(weights, states, batch, LinearObserver.NONE);
            kept[2 * layer + 1] = states.clone();
            runner.feedForward(weights, states, batch.tokens(), LinearObserver.NONE, RouterListener.NONE);
        }
        return states;
    }

    /** The gradient at the last states: softmax minus the next token, back through head and norm. */
    private float[] loss(List<int[]> sequences, float[] states) {
        int size = spec.hiddenSize();
        int vocabulary = spec.vocabularySize();
        HiddenNorm norm = HiddenNorm.ofHead(spec.norm(), model.weights(), MatrixId.NONE);
        Linear head = Linear.of(model.weights(), MatrixId.of(spec.tiedHead() ? MatrixRole.EMBEDDING : MatrixRole.HEAD), workers);
        Ends ends = new Ends(model, workers);
        float[] logits = new float[PANEL_ROWS * vocabulary];
        float[] normed = new float[states.length];
        int start = 0;
        for (int[] sequence : sequences) {
            for (int first = 0; first < sequence.length - 1; first += PANEL_ROWS) {
                int from = first;
                int rows = Math.min(PANEL_ROWS, sequence.length - 1 - first);
                ends.logits(states, start + first, rows, logits);
                workers.run(rows, (row, _) -> slopes(logits, row * vocabulary, sequence[from + row + 1]));
                float[] dx = new float[rows * size];
                head.back(logits, rows, dx);
                System.arraycopy(dx, 0, normed, (start + first) * size, dx.length);
            }
            start += sequence.length;
        }
        float[] gradient = new float[states.length];
        norm.back(states, normed, gradient);
        return gradient;
    }

    /** Logits to the gradient of −ln p(next) at them, before their divisor. */
    private void slopes(float[] logits, int at, int next) {
        double sum = Logits.logSum(logits, at, spec.vocabularySize());
        double divisor = spec.multipliers().logits();
        for (int i = 0; i < spec.vocabularySize(); i++) {
            logits[at + i] = (float) ((Math.exp(logits[at + i] - sum) - (i == next ? 1 : 0)) / divisor);
        }
    }
}
