package org.mojave.compress.recipe;

/**
 * How codes are fitted to the calibration activations.
 *
 * @param matching whether a matrix first moves to the least-squares fit of the original model's activations, given those of the
 *     quantized layers before it (asymmetric calibration)
 * @param affinity how tokens count in an expert's Hessian
 * @param shrinkage tokens' worth of the layer's common Hessian mixed into each expert's, as a multiple of its inputs; 0 for none
 * @param routerDamping ridge with which each router is fitted to the original's logits, as a part of the mean square of its inputs;
 *     0: routers stay as they are
 * @param sweeps times that codes and scales are adjusted in turn after the first choice
 * @param groupScales from which weights GPTQ chooses scales
 */
public record Fitting(boolean matching, Affinity affinity, double shrinkage, double routerDamping, int sweeps, GroupScales groupScales) {
    /** What measured best on the bundled model. */
    public static final Fitting DEFAULT = new Fitting(true, Affinity.NONE, 0.25, 0, 4);
    /** Plain GPTQ. */
    public static final Fitting PLAIN = new Fitting(false, Affinity.NONE, 0, 0, 0);

    /** The same, each matrix fitted to its own outputs. */
    public Fitting withoutMatching() {
        return new Fitting(false, affinity, shrinkage, routerDamping, sweeps, groupScales);
    }

    /** For bare sums of moments: how tokens count, as the model at hand routes them, and nothing else. */
    public Fitting sums() {
        return new Fitting(false, new Affinity(affinity.power(), Affinity.Source.QUANTIZED), 0, 0, 0);
    }

    /** The same with scales from those weights. */
    public Fitting with(GroupScales other) {
        return new Fitting(matching, affinity, shrinkage, routerDamping, sweeps, other);
    }

    /** Whether the original model must be run beside the quantized one. */
    public boolean needsOriginal() {
        return matching || affinity.needsOriginal();
    }

    /** With scales from the original weights. */
    public Fitting(boolean matching, Affinity affinity, double shrinkage, double routerDamping, int sweeps) {
        this(matching, affinity, shrinkage, routerDamping, sweeps, GroupScales.ORIGINAL);
    }

    public Fitting {
        if (!(shrinkage >= 0 && shrinkage <= 1000)) {
            throw new RecipeException("--shrinkage must be between 0 and 1000, not " + shrinkage);
        }
        if (!(routerDamping >= 0 && routerDamping <= 1000)) {
            throw new RecipeException("--router-damping must be between 0 and 1000, not " + routerDamping);
        }
        if (sweeps < 0 || sweeps > 100) {
            throw new RecipeException("--sweeps must be between 0 and 100, not " + sweeps);
        }
        if (sweeps > 0 && groupScales == GroupScales.COMPENSATED) {
            throw new RecipeException("--group-scales compensated chooses scales on the way, which sweeps would undo; give --sweeps 0 with it");
        }
    }
}
