package org.mojave.engine.bounded;

import java.util.Optional;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.Router;
import org.mojave.engine.run.RouteChange;
import org.mojave.engine.run.Routing;
import org.mojave.engine.store.ExpertStore;

/**
 * A bounded mode at work: the experts of each token as the mode, or the log of an earlier run, decides. What is left out or exchanged
 * takes nothing from the sum of a token's weights: the others are raised so that it stays the router's. For one decoder.
 *
 * <p>Example: {@code BoundedRoutes routes = BoundedRoutes.deciding(spec, new Mode.SkipMisses(0.75), store, Optional.empty())}.
 */
public final class BoundedRoutes implements RouteChange {
    private final ModelSpec spec;
    private final Mode.OfRoutes mode;
    private final Chooser chooser;
    private final Optional<DecisionLog.Writer> log;
    private int step = -1;
    private int lastLayer = Integer.MAX_VALUE;
    private long pairs;
    private long changed;

    private BoundedRoutes(ModelSpec spec, Mode.OfRoutes mode, Chooser chooser, Optional<DecisionLog.Writer> log) {
        this.spec = spec;
        this.mode = mode;
        this.chooser = chooser;
        this.log = log;
        check(spec, mode);
    }

    private static void check(ModelSpec spec, Mode.OfRoutes mode) {
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            if (spec.layer(layer).feedForward() instanceof FeedForward.Mixture(Router router, _, _, _, _)) {
                switch (mode) {
                    case Mode.EarlyRoutes _ -> requireSimple(router, layer);
                    case Mode.FewerExperts(int kept) -> {
                        if (kept >= router.chosen()) {
                            throw new IllegalArgumentException("layer " + layer + " has " + router.chosen() + " experts per token, so " + kept + " are not fewer");
                        }
                    }
                    case Mode.SkipMisses _ -> { }
                }
            }
        }
    }

    /** The weights of other experts than those chosen can be told from the logits alone. */
    private static void requireSimple(Router router, int layer) {
        boolean simple = router.grouping() instanceof Router.Grouping.None && !router.correction() && switch (router.score()) {
            case Router.Score.Softmax _, Router.Score.SoftmaxOfChosen _, Router.Score.Sigmoid _ -> true;
            case Router.Score.SparseMixer _ -> false;
        };
        if (!simple) {
            throw new IllegalArgumentException("the router of layer " + layer + " chooses in groups, with a bias or slot by slot; early routes are not "
                    + "possible for it");
        }
    }

    /** Decides by the mode; {@code log} hears of each token whose experts are changed. IllegalArgumentException for a model that the mode does not fit. */
    public static BoundedRoutes deciding(ModelSpec spec, Mode.OfRoutes mode, Optional<ExpertStore> store, Optional<DecisionLog.Writer> log) {
        return new BoundedRoutes(spec, mode, Choosers.of(mode, store), log);
    }

    /** Decides as an earlier run did, whatever is in memory now. */
    public static BoundedRoutes replaying(ModelSpec spec, DecisionLog decisions, Optional<DecisionLog.Writer> log) {
        if (!(decisions.mode() instanceof Mode.OfRoutes mode)) {
            throw new IllegalArgumentException("decisions of mode " + decisions.mode().text() + " are not about routes");
        }
        DecisionLog.Replay replay = decisions.replay();
        BoundedRoutes[] self = new BoundedRoutes[1];
        self[0] = new BoundedRoutes(spec, mode, (layer, _, row, experts) -> replay.experts(self[0].step, layer, row, experts), log);
        return self[0];
    }

    @Override
    public boolean wantsGuesses() {
        return mode instanceof Mode.EarlyRoutes;
    }

    @Override
    public void guessed(int layer, Routing guess) {
        chooser.guessed(layer, guess);
    }

    @Override
    public void apply(int layer, Routing routing) {
        step += layer <= lastLayer ? 1 : 0;
        lastLayer = layer;
        if (mode instanceof Mode.EarlyRoutes) {
            decide(layer, routing);
        }
    }

    @Override
    public void skip(int layer, Routing routing) {
        if (!(mode instanceof Mode.EarlyRoutes)) {
            decide(layer, routing);
        }
    }

    private void decide(int layer, Routing routing) {
        int chosen = routing.chosen();
        int[] experts = new int[chosen];
        for (int row = 0; row < routing.tokens(); row++) {
            System.arraycopy(routing.experts(), row * chosen, experts, 0, chosen);
            chooser.choose(layer, routing, row, experts);
            int different = 0;
            for (int k = 0; k < chosen; k++) {
                different += experts[k] == routing.experts()[row * chosen + k] ? 0 : 1;
            }
            pairs += chosen;
            changed += different;
            if (different > 0) {
                if (log.isPresent()) {
                    log.get().add(step, layer, row, experts);
                }
                take(layer, routing, row, experts);
            }
        }
    }

    /** Puts those experts and their weights in place. */
    private void take(int layer, Routing routing, int row, int[] experts) {
        int chosen = routing.chosen();
        double mass = 0;
        double left = 0;
        double[] weights = mode instanceof Mode.EarlyRoutes ? scores(layer, routing, row, experts) : new double[chosen];
        for (int k = 0; k < chosen; k++) {
            float own = routing.weights()[row * chosen + k];
            mass += own;
            weights[k] = experts[k] < 0 ? 0 : mode instanceof Mode.EarlyRoutes ? weights[k] : own;
            left += weights[k];
        }
        for (int k = 0; k < chosen; k++) {
            routing.experts()[row * chosen + k] = experts[k];
            routing.weights()[row * chosen + k] = experts[k] < 0 ? 0 : (float) (weights[k] / left * mass);
        }
    }

    /** What the router thinks of these experts, up to a common factor. */
    private double[] scores(int layer, Routing routing, int row, int[] experts) {
        Router router = ((FeedForward.Mixture) spec.layer(layer).feedForward()).router();
        double largest = Double.NEGATIVE_INFINITY;
        for (int expert : experts) {
            largest = Math.max(largest, routing.logits()[row * router.experts() + expert]);
        }
        double[] scores = new double[experts.length];
        for (int k = 0; k < scores.length; k++) {
            double logit = routing.logits()[row * router.experts() + experts[k]];
            scores[k] = router.score() instanceof Router.Score.Sigmoid ? 1 / (1 + StrictMath.exp(-logit)) : StrictMath.exp(logit - largest);
        }
        return scores;
    }

    /** Pairs of token and chosen expert so far. */
    public long pairs() {
        return pairs;
    }

    /** Share of them left out or exchanged. */
    public double changedShare() {
        return pairs == 0 ? 0 : (double) changed / pairs;
    }
}
