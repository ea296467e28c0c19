package org.mojave.engine.evict;

/**
 * Decayed frequency and layer distance, Mojave's own policy: the probability that an expert is used when its layer comes up, estimated
 * from uses that halve in weight every few steps, divided by how far away that layer is (after EdgeMoE, arXiv 2308.14352, eviction
 * score f / distance).
 *
 * <p>{@code worth = (c / Σ c of the layer) / (1 + γ · distance)} with distance 1 for the next layer up to L for the layer that is
 * being computed.
 */
public final class DecayedFrequency implements EvictionPolicy {
    private static final double LARGEST_UNIT = 1e100;

    private final Settings settings;
    private final int layers;
    private final int[] layerOf;
    /** In units that grow from step to step, so that old counts need no touching. */
    private final double[] counts;
    private final double[] sums;
    private double unit = 1;
    private int now = -1;

    /**
     * How fast the past fades and how much distance counts.
     *
     * @param halfLifeSteps steps (generated tokens) after which a use counts half
     * @param distanceWeight γ; 0 leaves distance out
     */
    public record Settings(double halfLifeSteps, double distanceWeight) {
        /** Checks the ranges. */
        public Settings {
            if (!(halfLifeSteps >= 1) || !(distanceWeight >= 0)) {
                throw new IllegalArgumentException("half-life " + halfLifeSteps + " and distance weight " + distanceWeight
                        + " must be at least 1 and 0");
            }
        }

        /** What replays of traces of {@code wren-moe} recommend: a half-life of 64 tokens, and γ = ½. */
        public static Settings usual() {
            return new Settings(64, 0.5);
        }
    }

    /** Nothing used yet. */
    public DecayedFrequency(ExpertNumbers experts, Settings settings) {
        this.settings = settings;
        layers = experts.layers();
        layerOf = experts.layerOfEach();
        counts = new double[layerOf.length];
        sums = new double[layers];
    }

    @Override
    public String name() {
        return "Mojave";
    }

    @Override
    public void at(int layer) {
        if (layer <= now) {
            unit *= Math.pow(2, 1 / settings.halfLifeSteps());
            if (unit > LARGEST_UNIT) {
                rescale();
            }
        }
        now = layer;
    }

    private void rescale() {
        for (int i = 0; i < counts.length; i++) {
            counts[i] /= unit;
        }
        for (int l = 0; l < layers; l++) {
            sums[l] /= unit;
        }
        unit = 1;
    }

    @Override
    public void used(int number) {
        counts[number] += unit;
        sums[layerOf[number]] += unit;
    }

    @Override
    public double worth(int number) {
        int layer = layerOf[number];
        if (counts[number] == 0) {
            return 0;
        }
        int distance = Math.floorMod(layer - now - 1, layers) + 1;
        return counts[number] / sums[layer] / (1 + settings.distanceWeight() * distance);
    }
}
