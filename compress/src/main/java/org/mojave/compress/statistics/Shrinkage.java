package org.mojave.compress.statistics;

/**
 * Help for starved experts: their second moments are drawn toward those of all tokens of the layer,
 *
 * <p>{@code H = (1 − ρ)·H_expert/tr + ρ·H_layer/tr, ρ = m / (m + n_eff)},
 *
 * <p>both sides scaled to a mean diagonal of 1 first. An expert that saw nothing gets the layer's, one that saw much keeps its own. With
 * m = 0 only an expert without any weight takes the layer's.
 *
 * @param strength m, in tokens; about the number of inputs is a good start
 */
public record Shrinkage(double strength) {
    public Shrinkage {
        if (!(strength >= 0 && strength < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("shrinkage strength must be a number of tokens, not " + strength);
        }
    }

    /**
     * A shrunk second moment.
     *
     * @param hessian symmetric [columns, columns] with mean diagonal 1
     * @param mixing ρ: the share that comes from the layer
     * @param scale mean diagonal of the expert's own sum; times {@code hessian} it has the expert's units. 0 for an unseen expert
     */
    public record Shrunk(float[] hessian, double mixing, double scale) {}

    /** ρ for that expert. */
    public double mixing(ExpertStatistics expert) {
        if (expert.trace() == 0) {
            return 1;
        }
        return strength / (strength + expert.effectiveTokens());
    }

    /** Draws the expert's statistics toward the layer's; IllegalArgumentException when the layer has seen no signal either. */
    public Shrunk apply(ExpertStatistics expert, ExpertStatistics layer) {
        int columns = expert.columns();
        if (layer.columns() != columns) {
            throw new IllegalArgumentException("expert has " + columns + " inputs, its layer " + layer.columns());
        }
        double mixing = mixing(expert);
        double layerScale = layer.trace() / columns;
        if (mixing > 0 && layerScale == 0) {
            throw new IllegalArgumentException("no token of the layer carries a signal; calibrate with text");
        }
        double scale = expert.trace() / columns;
        double own = mixing == 1 ? 0 : (1 - mixing) / scale;
        double shared = mixing == 0 ? 0 : mixing / layerScale;
        float[] mixed = new float[columns * columns];
        for (int i = 0; i < mixed.length; i++) {
            mixed[i] = (float) (own * expert.hessian()[i] + shared * layer.hessian()[i]);
        }
        return new Shrunk(mixed, mixing, scale);
    }
}
