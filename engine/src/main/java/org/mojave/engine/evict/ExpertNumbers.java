package org.mojave.engine.evict;

import java.util.Arrays;
import java.util.List;

/**
 * One number for every routed expert of a model: those of the first layer with experts come first. Layers are counted among those
 * with experts.
 *
 * <p>Example: {@code new ExpertNumbers(List.of(64, 64)).number(1, 3)} is 67.
 *
 * @param perLayer experts of each layer that has any
 */
public record ExpertNumbers(List<Integer> perLayer) {
    /** Checks that every layer has experts. */
    public ExpertNumbers {
        perLayer = List.copyOf(perLayer);
        if (perLayer.isEmpty() || perLayer.stream().anyMatch(experts -> experts < 1)) {
            throw new IllegalArgumentException("every layer needs at least one expert: " + perLayer);
        }
    }

    /** Layers with experts. */
    public int layers() {
        return perLayer.size();
    }

    /** All experts. */
    public int total() {
        return perLayer.stream().mapToInt(Integer::intValue).sum();
    }

    /** The number of expert {@code expert} of layer {@code layer}. */
    public int number(int layer, int expert) {
        int number = expert;
        for (int l = 0; l < layer; l++) {
            number += perLayer.get(l);
        }
        return number;
    }

    /** The layer of every number. */
    int[] layerOfEach() {
        int[] layers = new int[total()];
        int at = 0;
        for (int layer = 0; layer < perLayer.size(); layer++) {
            Arrays.fill(layers, at, at + perLayer.get(layer), layer);
            at += perLayer.get(layer);
        }
        return layers;
    }
}
