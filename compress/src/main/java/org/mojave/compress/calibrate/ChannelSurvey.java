package org.mojave.compress.calibrate;

import java.util.ArrayList;
import java.util.List;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.MemoryNeeds;
import org.mojave.compress.transform.LayerExtremes;
import org.mojave.compress.transform.LayerScales;
import org.mojave.compress.transform.ScaleRule;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouterListener;

/**
 * One walk through the original model that looks at the extremes of every channel, layer by layer, and lets a {@link ScaleRule} make
 * scales of them. Gives the same for any memory and any number of threads.
 */
public final class ChannelSurvey {
    private ChannelSurvey() {}

    /** Scales of all layers. Activations that do not fit into the budget are kept in a file in the place's folder. */
    public static List<LayerScales> of(Model original, TokenSequences tokens, Workers workers, ScaleRule rule, RouterSurvey.Place place) {
        ModelSpec spec = original.spec();
        int chunkTokens = LayerPass.chunkTokens(tokens.count(), tokens.length());
        long largest = 0;
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            largest = Math.max(largest, LayerExtremes.bytes(spec, layer));
        }
        List<LayerScales> all = new ArrayList<>();
        try (MemoryBudget.Share _ = place.budget().take("activations of one step",
                MemoryNeeds.forward(spec, chunkTokens) + HiddenStates.bytes(chunkTokens, spec.hiddenSize()) + largest);
                HiddenStates states = HiddenStates.of(Math.multiplyExact(tokens.count(), tokens.length()), spec.hiddenSize(), place.budget(),
                        place.budget().free(), place.folder())) {
            LayerPass pass = new LayerPass(new LayerRunner(spec, workers), states, tokens, spec.hiddenSize());
            pass.embed(new Ends(original, workers), tokens);
            for (int layer = 0; layer < spec.layers().size(); layer++) {
                LayerWeights weights = LayerWeights.of(spec, original.weights(), layer);
                LayerExtremes extremes = new LayerExtremes(spec);
                pass.carryObserved(weights, InputGroup.Half.ATTENTION, extremes, RouterListener.NONE);
                pass.carryObserved(weights, InputGroup.Half.FEED_FORWARD, extremes, (_, routing) -> extremes.routed(routing));
                all.add(rule.of(layer, extremes));
                place.layerDone().run();
            }
        }
        return all;
    }
}
