package org.mojave.engine.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Batch;
import org.mojave.engine.run.DynamicPruning;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouterListener;
import org.mojave.engine.run.RunParts;

/** The predictions of a model. Holds the hidden states of the windows it has run, and logits only of the rows asked for. */
public final class ModelLogits implements LogitSource {
    /** Hidden states, residuals, norms and outputs alive at a time, in multiples of the hidden size; generous. */
    private static final long HIDDEN_COPIES = 12;

    private final ModelSpec spec;
    private final KeyValueType keyValues;
    private final LayerRunner runner;
    private final Ends ends;
    private final List<LayerWeights> layers = new ArrayList<>();
    private float[] hidden = new float[0];
    private float[] logits = new float[0];

    /** Of that model, computing exactly with {@code workers}. */
    public ModelLogits(Model model, Workers workers) {
        this(model, workers, new ExactProducts());
    }

    /** Of that model, multiplying in that way. */
    public ModelLogits(Model model, Workers workers, ProductPath path) {
        this(model, workers, path, Optional.empty());
    }

    /** As {@link #ModelLogits(Model, Workers, ProductPath)}, skipping experts. */
    public ModelLogits(Model model, Workers workers, ProductPath path, Optional<DynamicPruning> pruning) {
        this(model, workers, RunParts.of(model, path).skipping(pruning));
    }

    /** Of that model, put together from those parts. */
    public ModelLogits(Model model, Workers workers, RunParts parts) {
        spec = model.spec();
        keyValues = parts.keyValues();
        runner = new LayerRunner(spec, workers, parts);
        ends = new Ends(model, workers, parts.path());
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            layers.add(LayerWeights.of(spec, model.weights(), layer));
        }
    }

    /** Bytes of activations that one more window of that many tokens needs in a model of that spec, roughly and from above. */
    public static long bytesPerWindow(ModelSpec spec, int window) {
        long widest = 0;
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            long rows = 0;
            for (MatrixId id : spec.matrices(layer)) {
                rows += id.expert() == MatrixId.NONE ? spec.shape(id).rows() : 0;
            }
            widest = Math.max(widest, rows + routedFloats(spec, layer));
        }
        return 4L * window * (HIDDEN_COPIES * spec.hiddenSize() + widest);
    }

    private static long routedFloats(ModelSpec spec, int layer) {
        if (!(spec.layer(layer).feedForward() instanceof FeedForward.Mixture mixture)) {
            return 0;
        }
        long perExpert = 0;
        for (MatrixId id : spec.matrices(layer)) {
            perExpert += id.expert() == 0 ? spec.shape(id).rows() : 0;
        }
        return perExpert * mixture.router().chosen();
    }

    @Override
    public int vocabularySize() {
        return spec.vocabularySize();
    }

    @Override
    public Rows run(List<int[]> windows) {
        int[] lengths = windows.stream().mapToInt(window -> window.length).toArray();
        Batch batch = keyValues == KeyValueType.F32 ? Batch.whole(lengths) : Batch.cached(spec, keyValues, lengths);
        int[] starts = new int[lengths.length];
        for (int w = 1; w < lengths.length; w++) {
            starts[w] = starts[w - 1] + lengths[w - 1];
        }
        int size = Math.multiplyExact(batch.tokens(), spec.hiddenSize());
        hidden = hidden.length < size ? new float[size] : hidden;
        for (int w = 0; w < lengths.length; w++) {
            ends.embed(windows.get(w), hidden, starts[w]);
        }
        for (LayerWeights layer : layers) {
            runner.attention(layer, hidden, batch, LinearObserver.NONE);
            runner.feedForward(layer, hidden, batch.tokens(), LinearObserver.NONE, RouterListener.NONE);
        }
        return (window, first, rows) -> {
            int floats = Math.multiplyExact(rows, spec.vocabularySize());
            logits = logits.length < floats ? new float[floats] : logits;
            ends.logits(hidden, starts[window] + first, rows, logits);
            return logits;
        };
    }
}
