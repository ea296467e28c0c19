package org.mojave.engine.run;

import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;
import org.mojave.engine.prune.LayerThresholds;

/**
 * Collects the weights that routers give to the experts of a text's tokens, and makes thresholds for skipping of them. Keeps 4 bytes
 * for each pair of token and expert.
 *
 * <p>Example: {@code decoder.last(chunks, survey); survey.thresholds().write(folder);}
 */
public final class ThresholdSurvey implements RouterListener {
    private final SortedMap<Integer, Weights> layers = new TreeMap<>();
    private long tokens;

    /** Of one layer, [tokens, chosen]. */
    private static final class Weights {
        private final int chosen;
        private float[] values = new float[0];
        private int count;

        Weights(int chosen) {
            this.chosen = chosen;
        }

        void add(Routing routing) {
            int added = routing.tokens() * chosen;
            if (values.length < count + added) {
                values = Arrays.copyOf(values, Math.max(count + added, 2 * count));
            }
            System.arraycopy(routing.weights(), 0, values, count, added);
            count += added;
        }
    }

    @Override
    public void routed(int layer, Routing routing) {
        if (routing.chosen() > 1) {
            Weights weights = layers.computeIfAbsent(layer, _ -> new Weights(routing.chosen()));
            weights.add(routing);
            tokens = Math.max(tokens, weights.count / routing.chosen());
        }
    }

    /** Thresholds from what was seen, at least one token. */
    public PruningThresholds thresholds() {
        SortedMap<Integer, LayerThresholds> found = new TreeMap<>();
        layers.forEach((layer, weights) -> found.put(layer, LayerThresholds.of(Arrays.copyOf(weights.values, weights.count), weights.chosen)));
        return new PruningThresholds(tokens, found);
    }
}
