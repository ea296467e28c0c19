package org.mojave.compress.calibrate;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.MemoryNeeds;
import org.mojave.compress.statistics.ExpertHistogram;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.Routing;

/**
 * Which experts a model chooses for each of many sequences: one walk through the layers, so that each layer's weights are read once. Gives
 * the same for any memory and any number of threads.
 */
public final class RouterSurvey {
    private final Model model;
    private final TokenSequences pool;
    private final Workers workers;
    private final int experts;
    private final int[] mixtures;
    private final int[][] counts;

    private RouterSurvey(Model model, TokenSequences pool, Workers workers) {
        this.model = model;
        this.pool = pool;
        this.workers = workers;
        ModelSpec spec = model.spec();
        experts = experts(spec);
        mixtures = new int[spec.layers().size()];
        int mixed = 0;
        for (int layer = 0; layer < mixtures.length; layer++) {
            mixtures[layer] = spec.layer(layer).feedForward() instanceof FeedForward.Mixture ? mixed++ : -1;
        }
        counts = new int[pool.count()][mixed * experts];
    }

    /** Routed experts of the layer with most; 0 if the model has none. */
    public static int experts(ModelSpec spec) {
        return spec.layers().stream().mapToInt(layer -> layer.feedForward() instanceof FeedForward.Mixture mixture
                ? mixture.router().experts() : 0).max().orElse(0);
    }

    /**
     * The use of the experts by each sequence. Activations are taken from the budget, or kept in a file in {@code folder} where they do not
     * fit; {@code layerDone} runs after each layer. The model must have experts.
     */
    public static List<ExpertHistogram> of(Model model, TokenSequences pool, Workers workers, Place place) {
        return new RouterSurvey(model, pool, workers).run(place);
    }

    /**
     * Where a survey works.
     *
     * @param budget for activations
     * @param folder for a file of activations that do not fit
     * @param layerDone runs after each layer
     */
    public record Place(MemoryBudget budget, Path folder, Runnable layerDone) {}

    private List<ExpertHistogram> run(Place place) {
        ModelSpec spec = model.spec();
        int chunkTokens = LayerPass.chunkTokens(pool.count(), pool.length());
        int tokens = Math.multiplyExact(pool.count(), pool.length());
        long chunkBytes = MemoryNeeds.forward(spec, chunkTokens) + HiddenStates.bytes(chunkTokens, spec.hiddenSize());
        try (MemoryBudget.Share _ = place.budget().take("activations of one step", chunkBytes);
                HiddenStates states = HiddenStates.of(tokens, spec.hiddenSize(), place.budget(), place.budget().free(), place.folder())) {
            LayerPass pass = new LayerPass(new LayerRunner(spec, workers), states, pool, spec.hiddenSize());
            pass.embed(new Ends(model, workers), pool);
            for (int layer = 0; layer < mixtures.length; layer++) {
                LayerWeights weights = LayerWeights.of(spec, model.weights(), layer);
                int mixture = mixtures[layer];
                pass.carry(weights, InputGroup.Half.ATTENTION);
                pass.carry(weights, InputGroup.Half.FEED_FORWARD, (first, routing) -> count(mixture, routing, first));
                place.layerDone().run();
            }
        }
        List<ExpertHistogram> all = new ArrayList<>();
        for (int[] sequence : counts) {
            all.add(new ExpertHistogram(sequence.length / experts, experts, sequence));
        }
        return all;
    }

    private void count(int mixture, Routing routing, int first) {
        for (int token = 0; token < routing.tokens(); token++) {
            int[] sequence = counts[first + token / pool.length()];
            for (int c = 0; c < routing.chosen(); c++) {
                sequence[mixture * experts + routing.experts()[token * routing.chosen() + c]]++;
            }
        }
    }
}
