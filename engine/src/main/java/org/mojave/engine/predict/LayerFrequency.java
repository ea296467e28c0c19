package org.mojave.engine.predict;

import java.util.Arrays;
import java.util.List;

/** The experts that a layer has used most often, whatever came before: what any other predictor must beat. */
public final class LayerFrequency implements RoutePredictor {
    private final double[][] uses;

    /** Nothing seen yet. {@code experts}: how many each layer has. */
    public LayerFrequency(List<Integer> experts) {
        uses = experts.stream().map(double[]::new).toArray(double[][]::new);
    }

    @Override
    public String name() {
        return "frequency";
    }

    @Override
    public void used(int layer, int[] experts) {
        Arrays.stream(experts).forEach(expert -> uses[layer][expert]++);
    }

    @Override
    public int[] next(int layer, int count) {
        return PathStatistics.best(uses[layer], Math.min(count, uses[layer].length));
    }
}
