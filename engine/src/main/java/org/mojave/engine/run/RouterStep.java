package org.mojave.engine.run;

import java.util.Arrays;
import org.mojave.engine.model.Router;

/** From the router's logits to chosen experts and weights, one token at a time. Not safe for several threads. */
final class RouterStep {
    private final Router router;
    private final float[] correction;
    private final double[] scores;
    private final double[] choice;
    private final boolean[] dropped;
    private final double[] groupScores;
    private final boolean[] groupTaken;

    /** {@code correction}: added to scores for the choice, or null. */
    RouterStep(Router router, float[] correction) {
        this.router = router;
        this.correction = correction;
        scores = new double[router.experts()];
        choice = new double[router.experts()];
        dropped = new boolean[router.experts()];
        int groups = switch (router.grouping()) {
            case Router.Grouping.None _ -> 0;
            case Router.Grouping.BestOfGroup(int count, int _) -> count;
            case Router.Grouping.BestTwoOfGroup(int count, int _) -> count;
        };
        groupScores = new double[groups];
        groupTaken = new boolean[groups];
    }

    /** Token {@code t}: reads its logits, writes its experts and weights by descending weight. */
    void route(float[] logits, int t, int[] experts, float[] weights) {
        int count = router.experts();
        int from = t * router.chosen();
        switch (router.score()) {
            case Router.Score.SparseMixer mixer -> {
                for (int e = 0; e < count; e++) {
                    scores[e] = logits[t * count + e];
                }
                sparseMixer(mixer, experts, weights, from);
            }
            case Router.Score.Softmax _ -> {
                softmax(logits, t * count);
                choose(experts, weights, from);
            }
            case Router.Score.Sigmoid _ -> {
                for (int e = 0; e < count; e++) {
                    scores[e] = (float) (1 / (1 + Math.exp(-logits[t * count + e])));
                }
                choose(experts, weights, from);
            }
            case Router.Score.SoftmaxOfChosen _ -> {
                for (int e = 0; e < count; e++) {
                    scores[e] = logits[t * count + e];
                }
                choose(experts, weights, from);
            }
        }
        sort(experts, weights, from);
    }

    private void softmax(float[] logits, int offset) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int e = 0; e < scores.length; e++) {
            largest = Math.max(largest, logits[offset + e]);
        }
        double sum = 0;
        for (int e = 0; e < scores.length; e++) {
            scores[e] = Math.exp(logits[offset + e] - largest);
            sum += scores[e];
        }
        for (int e = 0; e < scores.length; e++) {
            scores[e] = (float) (scores[e] / sum);
        }
    }

    private void choose(int[] experts, float[] weights, int from) {
        for (int e = 0; e < choice.length; e++) {
            choice[e] = correction == null ? scores[e] : (float) scores[e] + correction[e];
        }
        dropGroups();
        for (int k = 0; k < router.chosen(); k++) {
            int best = largest(choice, 0, choice.length, dropped);
            experts[from + k] = best;
            weights[from + k] = (float) scores[best];
            dropped[best] = true;
        }
        normalise(weights, from);
    }

    /** Marks the experts of groups that are not kept. */
    private void dropGroups() {
        Arrays.fill(dropped, false);
        switch (router.grouping()) {
            case Router.Grouping.None _ -> { }
            case Router.Grouping.BestOfGroup(int groups, int kept) -> keepGroups(groups, kept, 1);
            case Router.Grouping.BestTwoOfGroup(int groups, int kept) -> keepGroups(groups, kept, 2);
        }
    }

    private void keepGroups(int groups, int kept, int summed) {
        int size = choice.length / groups;
        Arrays.fill(groupScores, 0);
        Arrays.fill(groupTaken, false);
        for (int g = 0; g < groups; g++) {
            for (int i = 0; i < summed; i++) {
                int best = largest(choice, g * size, (g + 1) * size, dropped);
                groupScores[g] = (float) groupScores[g] + choice[best];
                dropped[best] = true;
            }
        }
        Arrays.fill(dropped, true);
        for (int k = 0; k < kept; k++) {
            int best = largest(groupScores, 0, groups, groupTaken);
            groupTaken[best] = true;
            Arrays.fill(dropped, best * size, (best + 1) * size, false);
        }
    }

    /** Index of the largest value not excluded; the first one of equals, and the first free one if all are NaN. */
    private static int largest(double[] values, int from, int to, boolean[] excluded) {
        int best = -1;
        for (int i = from; i < to; i++) {
            if (!excluded[i] && (best < 0 || values[i] > values[best])) {
                best = i;
            }
        }
        return best;
    }

    private void normalise(float[] weights, int from) {
        int chosen = router.chosen();
        switch (router.score()) {
            case Router.Score.SoftmaxOfChosen _ -> softmaxOfChosen(weights, from);
            case Router.Score.Softmax _, Router.Score.Sigmoid _, Router.Score.SparseMixer _ -> { }
        }
        double sum = 0;
        for (int k = 0; k < chosen; k++) {
            sum += weights[from + k];
        }
        double divisor = switch (router.normalisation()) {
            case Router.Normalisation.None _ -> 1;
            case Router.Normalisation.Sum(double added) -> sum + added;
            case Router.Normalisation.SumAtLeast(double least) -> Math.max(sum, least);
        };
        for (int k = 0; k < chosen; k++) {
            weights[from + k] = (float) (weights[from + k] / divisor * router.scaling());
        }
    }

    private void softmaxOfChosen(float[] weights, int from) {
        double sum = 0;
        float largest = weights[from];
        for (int k = 0; k < router.chosen(); k++) {
            largest = Math.max(largest, weights[from + k]);
        }
        for (int k = 0; k < router.chosen(); k++) {
            weights[from + k] = (float) Math.exp(weights[from + k] - largest);
            sum += weights[from + k];
        }
        for (int k = 0; k < router.chosen(); k++) {
            weights[from + k] = (float) (weights[from + k] / sum);
        }
    }

    /** Each slot: the best expert left; its weight is a softmax over the logits near it. */
    private void sparseMixer(Router.Score.SparseMixer mixer, int[] experts, float[] weights, int from) {
        Arrays.fill(dropped, false);
        for (int k = 0; k < router.chosen(); k++) {
            int best = largest(scores, 0, scores.length, dropped);
            float top = (float) scores[best];
            double sum = 0;
            for (int e = 0; e < scores.length; e++) {
                float logit = (float) scores[e];
                if (!dropped[e] && mixer.near(logit, top)) {
                    sum += Math.exp(logit - top);
                }
            }
            experts[from + k] = best;
            weights[from + k] = (float) (1 / sum * router.scaling());
            dropped[best] = true;
        }
    }

    /** Insertion sort by descending weight, stable. */
    private void sort(int[] experts, float[] weights, int from) {
        for (int i = 1; i < router.chosen(); i++) {
            float weight = weights[from + i];
            int expert = experts[from + i];
            int j = i - 1;
            for (; j >= 0 && weights[from + j] < weight; j--) {
                weights[from + j + 1] = weights[from + j];
                experts[from + j + 1] = experts[from + j];
            }
            weights[from + j + 1] = weight;
            experts[from + j + 1] = expert;
        }
    }
}
