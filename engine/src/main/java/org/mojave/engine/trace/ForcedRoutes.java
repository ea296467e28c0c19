package org.mojave.engine.trace;

import java.util.Arrays;
import org.mojave.engine.run.RouteChange;
import org.mojave.engine.run.Routing;

/**
 * Makes a model take the routes of a trace, token after token and from its start again when it ends: what the slab and the disk have to
 * do no longer depends on the model's routers. A token keeps the weights that its router gave, rank by rank. What the model computes
 * means nothing.
 *
 * <p>Example: {@code new Decoder(model, workers, RunParts.of(path).routes(Optional.of(new ForcedRoutes(trace))))}.
 */
public final class ForcedRoutes implements RouteChange {
    private final RouteTrace trace;
    private final int[] indexOfLayer;
    private int token;

    /** Along that trace, of a model with the same layers. */
    public ForcedRoutes(RouteTrace trace) {
        this.trace = trace;
        indexOfLayer = new int[trace.layers().getLast().layer() + 1];
        Arrays.fill(indexOfLayer, -1);
        for (int index = 0; index < trace.layers().size(); index++) {
            indexOfLayer[trace.layers().get(index).layer()] = index;
        }
    }

    @Override
    public void apply(int layer, Routing routing) {
        int index = layer < indexOfLayer.length ? indexOfLayer[layer] : -1;
        if (index < 0 || trace.layers().get(index).chosen() != routing.chosen()) {
            throw new IllegalArgumentException("the trace has no layer " + layer + " with " + routing.chosen() + " experts per token");
        }
        for (int t = 0; t < routing.tokens(); t++) {
            trace.copyChosen(index, (token + t) % trace.tokens(), routing.experts(), t * routing.chosen());
        }
        if (index == trace.layers().size() - 1) {
            token = (token + routing.tokens()) % trace.tokens();
        }
    }
}
