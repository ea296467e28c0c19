package org.mojave.engine.gradient;

import java.util.Arrays;
import org.mojave.engine.model.Router;
import org.mojave.engine.run.Routing;

/** From the gradient at a token's routing weights to that at the router's logits. The choice itself is taken as fixed. */
record RouterBack(Router router) {
    /**
     * One token.
     *
     * @param dw gradient at the weights of its slots, [chosen]
     * @param dlogits receives the gradient at its logits, [tokens, experts]
     */
    void token(Routing routing, int token, double[] dw, float[] dlogits) {
        int experts = router.experts();
        double[] scores = scores(routing, token);
        double sum = 0;
        double weighted = 0;
        for (int k = 0; k < routing.chosen(); k++) {
            sum += scores[expert(routing, token, k)];
            weighted += dw[k] * scores[expert(routing, token, k)];
        }
        double divisor = switch (router.normalisation()) {
            case Router.Normalisation.None _ -> 1;
            case Router.Normalisation.Sum(double added) -> sum + added;
            case Router.Normalisation.SumAtLeast(double least) -> Math.max(sum, least);
        };
        boolean divides = switch (router.normalisation()) {
            case Router.Normalisation.None _ -> false;
            case Router.Normalisation.Sum _ -> true;
            case Router.Normalisation.SumAtLeast(double least) -> sum > least;
        };
        double[] dscores = new double[experts];
        for (int k = 0; k < routing.chosen(); k++) {
            dscores[expert(routing, token, k)] = router.scaling() * (dw[k] / divisor - (divides ? weighted / (divisor * divisor) : 0));
        }
        double mean = 0;
        for (int e = 0; e < experts; e++) {
            mean += dscores[e] * scores[e];
        }
        for (int e = 0; e < experts; e++) {
            dlogits[token * experts + e] = (float) switch (router.score()) {
                case Router.Score.Softmax _, Router.Score.SoftmaxOfChosen _ -> scores[e] * (dscores[e] - mean);
                case Router.Score.Sigmoid _ -> dscores[e] * scores[e] * (1 - scores[e]);
                case Router.Score.SparseMixer _ -> throw new IllegalArgumentException("the SparseMixer router has no gradient here");
            };
        }
    }

    private static int expert(Routing routing, int token, int slot) {
        return routing.experts()[token * routing.chosen() + slot];
    }

    /** Scores before normalisation, by expert; 0 for experts that take no part. */
    private double[] scores(Routing routing, int token) {
        int experts = router.experts();
        double[] scores = new double[experts];
        switch (router.score()) {
            case Router.Score.Sigmoid _ -> {
                for (int e = 0; e < experts; e++) {
                    scores[e] = ActivationSlope.sigmoid(routing.logits()[token * experts + e]);
                }
            }
            case Router.Score.Softmax _ -> {
                for (int e = 0; e < experts; e++) {
                    scores[e] = routing.logits()[token * experts + e];
                }
                softmax(scores);
            }
            case Router.Score.SoftmaxOfChosen _ -> {
                Arrays.fill(scores, Double.NEGATIVE_INFINITY);
                for (int k = 0; k < routing.chosen(); k++) {
                    int e = expert(routing, token, k);
                    scores[e] = routing.logits()[token * experts + e];
                }
                softmax(scores);
            }
            case Router.Score.SparseMixer _ -> throw new IllegalArgumentException("the SparseMixer router has no gradient here");
        }
        return scores;
    }

    private static void softmax(double[] x) {
        double largest = Double.NEGATIVE_INFINITY;
        for (double value : x) {
            largest = Math.max(largest, value);
        }
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.exp(x[i] - largest);
            sum += x[i];
        }
        for (int i = 0; i < x.length; i++) {
            x[i] /= sum;
        }
    }
}
