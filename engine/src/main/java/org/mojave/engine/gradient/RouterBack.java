package org.mojave.engine.gradient;

import java.util.Arrays;
import org.mojave.engine.model.Router;
import org.mojave.engine.run.Routing;

/**
 * From the gradient at a token's routing weights to that at the router's logits. What is a choice is taken as fixed: the experts, and for
 * SparseMixer also which logits are near enough to a slot's best to take part in its softmax.
 */
record RouterBack(Router router) {
    /**
     * One token.
     *
     * @param dw gradient at the weights of its slots, [chosen]
     * @param dlogits receives the gradient at its logits, [tokens, experts]
     */
    void token(Routing routing, int token, double[] dw, float[] dlogits) {
        int experts = router.experts();
        double[] logits = new double[experts];
        for (int e = 0; e < experts; e++) {
            logits[e] = routing.logits()[token * experts + e];
        }
        int[] chosen = Arrays.copyOfRange(routing.experts(), token * routing.chosen(), (token + 1) * routing.chosen());
        double[] slopes = switch (router.score()) {
            case Router.Score.Softmax _ -> throughSoftmax(softmax(logits), chosen, dw);
            case Router.Score.SoftmaxOfChosen _ -> throughSoftmax(softmax(only(logits, chosen)), chosen, dw);
            case Router.Score.Sigmoid _ -> throughSigmoid(logits, chosen, dw);
            case Router.Score.SparseMixer mixer -> throughSparseMixer(mixer, logits, chosen, dw);
        };
        for (int e = 0; e < experts; e++) {
            dlogits[token * experts + e] = (float) slopes[e];
        }
    }

    /** From the gradient at the weights to that at the scores of all experts, through normalisation and scaling. */
    private double[] atScores(double[] scores, int[] chosen, double[] dw) {
        double sum = 0;
        double weighted = 0;
        for (int k = 0; k < chosen.length; k++) {
            sum += scores[chosen[k]];
            weighted += dw[k] * scores[chosen[k]];
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
        double[] slopes = new double[scores.length];
        for (int k = 0; k < chosen.length; k++) {
            slopes[chosen[k]] = router.scaling() * (dw[k] / divisor - (divides ? weighted / (divisor * divisor) : 0));
        }
        return slopes;
    }

    private double[] throughSoftmax(double[] scores, int[] chosen, double[] dw) {
        double[] slopes = atScores(scores, chosen, dw);
        double mean = 0;
        for (int e = 0; e < scores.length; e++) {
            mean += slopes[e] * scores[e];
        }
        for (int e = 0; e < scores.length; e++) {
            slopes[e] = scores[e] * (slopes[e] - mean);
        }
        return slopes;
    }

    private double[] throughSigmoid(double[] logits, int[] chosen, double[] dw) {
        double[] scores = Arrays.stream(logits).map(ActivationSlope::sigmoid).toArray();
        double[] slopes = atScores(scores, chosen, dw);
        for (int e = 0; e < scores.length; e++) {
            slopes[e] *= scores[e] * (1 - scores[e]);
        }
        return slopes;
    }

    /** The weight of a slot is p of its best expert b, p the softmax over the logits near it: {@code dp(b)/dlogit(e) = p(b) · ([e = b] − p(e))}. */
    private double[] throughSparseMixer(Router.Score.SparseMixer mixer, double[] logits, int[] chosen, double[] dw) {
        double[] slopes = new double[logits.length];
        double[] left = logits.clone();
        for (int slot : byLogit(logits, chosen)) {
            int best = chosen[slot];
            double[] near = left.clone();
            for (int e = 0; e < near.length; e++) {
                near[e] = mixer.near((float) logits[e], (float) logits[best]) ? near[e] : Double.NEGATIVE_INFINITY;
            }
            double[] shares = softmax(near);
            double along = router.scaling() * dw[slot] * shares[best];
            for (int e = 0; e < shares.length; e++) {
                slopes[e] += along * ((e == best ? 1 : 0) - shares[e]);
            }
            left[best] = Double.NEGATIVE_INFINITY;
        }
        return slopes;
    }

    /** Slots in the order in which their experts were chosen: by descending logit, of equals the first expert. */
    private static int[] byLogit(double[] logits, int[] chosen) {
        int[] slots = new int[chosen.length];
        for (int i = 0; i < slots.length; i++) {
            int before = i;
            while (before > 0 && earlier(logits, chosen[i], chosen[slots[before - 1]])) {
                slots[before] = slots[before - 1];
                before--;
            }
            slots[before] = i;
        }
        return slots;
    }

    private static boolean earlier(double[] logits, int expert, int other) {
        return logits[expert] > logits[other] || (logits[expert] == logits[other] && expert < other);
    }

    /** The logits of the chosen experts; the others take no part. */
    private static double[] only(double[] logits, int[] chosen) {
        double[] kept = new double[logits.length];
        Arrays.fill(kept, Double.NEGATIVE_INFINITY);
        for (int expert : chosen) {
            kept[expert] = logits[expert];
        }
        return kept;
    }

    private static double[] softmax(double[] logits) {
        double largest = Arrays.stream(logits).max().orElseThrow();
        double[] shares = Arrays.stream(logits).map(logit -> Math.exp(logit - largest)).toArray();
        double sum = Arrays.stream(shares).sum();
        for (int e = 0; e < shares.length; e++) {
            shares[e] /= sum;
        }
        return shares;
    }
}
