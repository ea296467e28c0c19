package org.mojave.engine.run;

import java.util.Arrays;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.Router;
import org.mojave.engine.prune.LayerThresholds;
import org.mojave.engine.prune.NormGuard;
import org.mojave.engine.prune.SkipController;
import org.mojave.engine.prune.Skips;
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
    /** From so many new tokens of a sequence on, that share is at least one token, and attention tells which. */
    private static final int RANKED_TOKENS = (int) (1 / PROTECTED);

    private final Skips[] skips;
    private final NormGuard[] guards;
    private final boolean[] renormalise;
    /** New tokens of each sequence of the running layer's batch, and the attention they receive; empty for a few tokens. */
    private int[] lengths = new int[0];
    private double[][] received = new double[0][];
    private long pairs;
    private long skipped;

    /** What decides in a layer. */
    @FunctionalInterface
    private interface Rules {
        Skips of(int layer, int chosen);
    }

    /** Skips that share of all pairs; throws IllegalArgumentException where the model's experts per token do not allow it. */
    public DynamicPruning(ModelSpec spec, double share) {
        this(spec, (_, chosen) -> new SkipController(chosen, share));
    }

    private DynamicPruning(ModelSpec spec, Rules rules) {
        int layers = spec.layers().size();
        skips = new Skips[layers];
        guards = new NormGuard[layers];
        renormalise = new boolean[layers];
        boolean any = false;
        for (int layer = 0; layer < layers; layer++) {
            if (spec.layer(layer).feedForward() instanceof FeedForward.Mixture(Router router, _, _, _, _) && router.chosen() > 1) {
                skips[layer] = rules.of(layer, router.chosen());
                guards[layer] = new NormGuard(PROTECTED);
                renormalise[layer] = renormalises(router);
                any = true;
            }
        }
        if (!any) {
            throw new IllegalArgumentException("no layer of this model chooses several experts per token");
        }
    }

    /**
     * Skips by thresholds that skipped that share of a calibration text's pairs in each layer. Throws IllegalArgumentException where the
     * model's experts per token do not allow it, or the thresholds are those of another model.
     */
    public static DynamicPruning skipping(ModelSpec spec, PruningThresholds thresholds, double share) {
        return new DynamicPruning(spec, (layer, chosen) -> new Skips.Fixed(of(thresholds, layer, chosen).skipping(share), chosen));
    }

    /**
     * Mixture Compressor's rule: the second expert is skipped where its ratio to the first is below the layer's median. Throws
     * IllegalArgumentException for a model with another number of experts per token, or thresholds of another model.
     */
    public static DynamicPruning median(ModelSpec spec, PruningThresholds thresholds) {
        return new DynamicPruning(spec, (layer, chosen) -> {
            if (chosen != 2) {
                throw new IllegalArgumentException("the rule of the median ratio is for two experts per token, layer " + layer + " has " + chosen);
            }
            return new Skips.Fixed(of(thresholds, layer, chosen).ratioAbove(0.5), chosen);
        });
    }

    private static LayerThresholds of(PruningThresholds thresholds, int layer, int chosen) {
        LayerThresholds found = thresholds.layers().get(layer);
        if (found == null || found.chosen() != chosen) {
            throw new IllegalArgumentException("there is no threshold for layer " + layer + " with " + chosen + " experts per token");
        }
        return found;
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

    /** Says what the tokens of one sequence, which begins at that row of the batch, receive of the attention of later ones. */
    @FunctionalInterface
    interface Attention {
        double[] received(int sequence, int row);
    }

    /** Called between a layer's attention and its experts. Asks only about sequences with many new tokens. */
    void attended(Batch batch, Attention attention) {
        int sequences = batch.sequences().size();
        lengths = new int[sequences];
        received = new double[sequences][];
        int row = 0;
        for (int s = 0; s < sequences; s++) {
            lengths[s] = batch.sequences().get(s).tokens();
            received[s] = lengths[s] < RANKED_TOKENS ? new double[0] : attention.received(s, row);
            row += lengths[s];
        }
    }

    /** Takes experts out of {@code routing}, in place; {@code hidden} [tokens, size] is the layer's input. */
    void apply(int layer, Routing routing, float[] hidden, int size) {
        if (skips[layer] == null) {
            return;
        }
        boolean[] whole = whole(guards[layer], TokenImportance.norms(hidden, routing.tokens(), size));
        int[] kept = skips[layer].kept(routing.weights(), routing.tokens(), whole);
        pairs += (long) routing.tokens() * routing.chosen();
        skipped += skip(routing, kept, renormalise[layer]);
    }

    /** The tokens that keep all experts: of long sequences those that matter most to later ones, of the others those of large norm. */
    private boolean[] whole(NormGuard guard, double[] norms) {
        boolean[] whole = new boolean[norms.length];
        double[] lone = new double[norms.length];
        int[] rows = new int[norms.length];
        int count = 0;
        int row = 0;
        for (int s = 0; s < lengths.length; s++) {
            if (received[s].length > 0) {
                double[] importance = TokenImportance.scores(received[s], Arrays.copyOfRange(norms, row, row + lengths[s]));
                for (int token : TokenImportance.top(importance, (int) (PROTECTED * lengths[s]))) {
                    whole[row + token] = true;
                }
            } else {
                for (int t = row; t < row + lengths[s]; t++) {
                    lone[count] = norms[t];
                    rows[count++] = t;
                }
            }
            row += lengths[s];
        }
        boolean[] guarded = guard.whole(Arrays.copyOf(lone, count));
        for (int i = 0; i < count; i++) {
            whole[rows[i]] = guarded[i];
        }
        return whole;
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
