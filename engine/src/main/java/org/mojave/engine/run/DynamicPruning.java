package org.mojave.engine.run;

import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.Router;
import org.mojave.engine.prune.NormGuard;
import org.mojave.engine.prune.SkipController;
import org.mojave.engine.prune.TokenImportance;

/**
 * Online dynamic pruning (ODP, Mixture Compressor, arXiv 2410.06270): after the router has chosen, the experts of least weight are
 * skipped for tokens that can do without, so that about the wanted share of (token, expert) pairs is not computed, nor read from disk.
 * Changes results; what it skips depends on the tokens alone, never on where experts are. For one decoder.
 *
 * <p>Example: {@code new Decoder(model, workers, path, Optional.of(new DynamicPruning(model.spec(), 0.15)))}.
 */
public final class DynamicPruning {
    /** Share of tokens that keep all their experts, as published. */
    private static final double PROTECTED = 0.02;

    private final SkipController[] controllers;
    private final NormGuard[] guards;
    private final boolean[] renormalise;
    private long pairs;
    private long skipped;

    /** Skips that share of all pairs; throws IllegalArgumentException where the model's experts per token do not allow it. */
    public DynamicPruning(ModelSpec spec, double share) {
        int layers = spec.layers().size();
        controllers = new SkipController[layers];
        guards = new NormGuard[layers];
        renormalise = new boolean[layers];
        boolean any = false;
        for (int layer = 0; layer < layers; layer++) {
            if (spec.layer(layer).feedForward() instanceof FeedForward.Mixture(Router router, _, _, _, _) && router.chosen() > 1) {
                controllers[layer] = new SkipController(router.chosen(), share);
                guards[layer] = new NormGuard(PROTECTED);
                renormalise[layer] = renormalises(router);
                any = true;
            }
        }
        if (!any) {
            throw new IllegalArgumentException("no layer of this model chooses several experts per token");
        }
    }

    private static boolean renormalises(Router router) {
        boolean chosenOnly = switch (router.score()) {
            case Router.Score.SoftmaxOfChosen _ -> true;
            case Router.Score.Softmax _, Router.Score.Sigmoid _, Router.Score.SparseMixer _ -> false;
        };
        return chosenOnly || switch (router.normalisation()) {
            case Router.Normalisation.None _ -> false;
            case Router.Normalisation.Sum _, Router.Normalisation.SumAtLeast _ -> true;
        };
    }

    /** Takes experts out of {@code routing}, in place; {@code hidden} [tokens, size] is the layer's input. */
    void apply(int layer, Routing routing, float[] hidden, int size) {
        SkipController controller = controllers[layer];
        if (controller == null) {
            return;
        }
        double[] norms = TokenImportance.norms(hidden, routing.tokens(), size);
        int[] kept = controller.kept(routing.weights(), routing.tokens(), guards[layer].whole(norms));
        pairs += (long) routing.tokens() * routing.chosen();
        skipped += skip(routing, kept, renormalise[layer]);
    }

    /**
     * Keeps the first {@code kept[t]} experts of each token; the others become −1 with weight 0. The weights of the kept are raised so
     * that their sum stays what it was where {@code renormalise}. Returns the number of experts taken out.
     */
    static long skip(Routing routing, int[] kept, boolean renormalise) {
        int chosen = routing.chosen();
        long skipped = 0;
        for (int t = 0; t < routing.tokens(); t++) {
            float all = 0;
            float left = 0;
            for (int k = 0; k < chosen; k++) {
                float weight = routing.weights()[t * chosen + k];
                all += weight;
                left += k < kept[t] ? weight : 0;
            }
            for (int k = 0; k < chosen; k++) {
                int slot = t * chosen + k;
                if (k >= kept[t]) {
                    routing.experts()[slot] = -1;
                    routing.weights()[slot] = 0;
                    skipped++;
                } else if (renormalise && kept[t] < chosen) {
                    routing.weights()[slot] *= all / left;
                }
            }
        }
        return skipped;
    }

    /** Pairs of token and chosen expert so far. */
    public long pairs() {
        return pairs;
    }

    /** Share of them that was skipped. */
    public double skippedShare() {
        return pairs == 0 ? 0 : (double) skipped / pairs;
    }
}
