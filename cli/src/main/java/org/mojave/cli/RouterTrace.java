package org.mojave.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.mojave.engine.run.RouterListener;
import org.mojave.engine.run.Routing;

/** Keeps the router's choices of one sequence, which may be fed in several chunks. */
final class RouterTrace implements RouterListener {
    private final Map<Integer, Layer> layers = new TreeMap<>();

    /**
     * The choices of a layer, per position, by descending weight.
     *
     * @param experts expert numbers
     * @param weights the factors applied
     */
    record Layer(int layer, List<int[]> experts, List<float[]> weights) {}

    @Override
    public void routed(int layer, Routing routing) {
        Layer kept = layers.computeIfAbsent(layer, l -> new Layer(l, new ArrayList<>(), new ArrayList<>()));
        int chosen = routing.chosen();
        for (int t = 0; t < routing.tokens(); t++) {
            kept.experts().add(Arrays.copyOfRange(routing.experts(), t * chosen, (t + 1) * chosen));
            kept.weights().add(Arrays.copyOfRange(routing.weights(), t * chosen, (t + 1) * chosen));
        }
    }

    List<Layer> layers() {
        return List.copyOf(layers.values());
    }
}
