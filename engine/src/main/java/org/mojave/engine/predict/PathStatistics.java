package org.mojave.engine.predict;

import java.util.List;

/**
 * Activation paths, learnt while running. EdgeMoE looks up the experts of the previous two layers in a dictionary; with several experts
 * per token there are too many paths, so each expert used before counts by itself: in the two layers before, and in the same layer for
 * the last token.
 *
 * <p>{@code score(e) = ln P(e) + ½ Σ over j of ln (P(e | j) / P(e))}, P(e | j) drawn towards P(e) by {@value #PRIOR} uses. Half, because
 * experts that were used together tell partly the same. Takes 12 bytes for each pair of experts of neighbouring layers.
 */
public final class PathStatistics implements RoutePredictor {
    private static final double PRIOR = 8;
    private static final double TRUST = 0.5;
    /** Layers back that are looked at; 0 is the same layer at the last token. */
    private static final int[] BACK = {1, 2, 0};

    private final List<Integer> experts;
    /** Uses, by layer and expert. */
    private final float[][] uses;
    private final float[] tokens;
    /** Uses together with an expert so many layers back, by kind of relation, layer, and pair. */
    private final float[][][] pairs;
    private final float[][][] before;
    private final int[][] last;

    /** Nothing seen yet. {@code experts}: how many each layer has. */
    public PathStatistics(List<Integer> experts) {
        this.experts = List.copyOf(experts);
        int layers = experts.size();
        uses = new float[layers][];
        tokens = new float[layers];
        pairs = new float[BACK.length][layers][];
        before = new float[BACK.length][layers][];
        last = new int[layers][0];
        for (int layer = 0; layer < layers; layer++) {
            uses[layer] = new float[experts.get(layer)];
            for (int kind = 0; kind < BACK.length; kind++) {
                int other = experts.get(source(kind, layer));
                pairs[kind][layer] = new float[Math.multiplyExact(other, experts.get(layer))];
                before[kind][layer] = new float[other];
            }
        }
    }

    @Override
    public String name() {
        return "paths";
    }

    /** The layer that tells something, of this token or, where it is not below, of the last one. */
    private int source(int kind, int layer) {
        return Math.floorMod(layer - BACK[kind], experts.size());
    }

    @Override
    public void used(int layer, int[] chosen) {
        int width = experts.get(layer);
        for (int kind = 0; kind < BACK.length; kind++) {
            for (int other : last[source(kind, layer)]) {
                before[kind][layer][other]++;
                for (int expert : chosen) {
                    pairs[kind][layer][other * width + expert]++;
                }
            }
        }
        for (int expert : chosen) {
            uses[layer][expert]++;
        }
        tokens[layer]++;
        last[layer] = chosen.clone();
    }

    @Override
    public int[] next(int layer, int count) {
        int width = experts.get(layer);
        double[] scores = new double[width];
        for (int expert = 0; expert < width; expert++) {
            double chance = (uses[layer][expert] + 0.5) / (tokens[layer] + 1);
            double score = Math.log(chance);
            for (int kind = 0; kind < BACK.length; kind++) {
                for (int other : last[source(kind, layer)]) {
                    double given = (pairs[kind][layer][other * width + expert] + PRIOR * chance) / (before[kind][layer][other] + PRIOR);
                    score += TRUST * Math.log(given / chance);
                }
            }
            scores[expert] = score;
        }
        return best(scores, Math.min(count, width));
    }

    /** The places of the highest scores, highest first. */
    static int[] best(double[] scores, int count) {
        int[] best = new int[count];
        double[] left = scores.clone();
        for (int i = 0; i < count; i++) {
            int at = 0;
            for (int e = 1; e < left.length; e++) {
                at = left[e] > left[at] ? e : at;
            }
            best[i] = at;
            left[at] = Double.NEGATIVE_INFINITY;
        }
        return best;
    }
}
