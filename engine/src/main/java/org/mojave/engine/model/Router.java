package org.mojave.engine.model;

/**
 * How a token picks its experts from the router's logits: score, (bias and groups to select), select, normalise, scale.
 *
 * @param experts number of routed experts
 * @param chosen experts per token
 * @param score from logits to scores
 * @param grouping which experts may be chosen
 * @param correction whether a bias is added to the scores for the choice only
 * @param bias whether the router's projection carries a bias
 * @param normalisation of the chosen scores
 * @param scaling multiplies the weights after normalisation
 * @param target what the weight multiplies
 */
public record Router(int experts, int chosen, Score score, Grouping grouping, boolean correction, boolean bias,
        Normalisation normalisation, double scaling, Target target) {
    /** More experts than this in one layer are taken for damage. */
    public static final int MOST_EXPERTS = 1 << 16;

    public Router {
        if (experts < 1 || experts > MOST_EXPERTS || chosen < 1 || chosen > experts) {
            throw new IllegalArgumentException("cannot choose " + chosen + " of " + experts + " experts");
        }
        switch (grouping) {
            case Grouping.None _ -> { }
            case Grouping.BestOfGroup(int groups, int kept) -> checkGroups(experts, chosen, groups, kept, 1);
            case Grouping.BestTwoOfGroup(int groups, int kept) -> checkGroups(experts, chosen, groups, kept, 2);
        }
    }

    private static void checkGroups(int experts, int chosen, int groups, int kept, int least) {
        if (groups < 1 || experts % groups != 0 || experts / groups < least || kept < 1 || kept > groups
                || chosen > experts / groups * kept) {
            throw new IllegalArgumentException("cannot choose " + chosen + " of " + experts + " experts in " + kept + " of "
                    + groups + " groups");
        }
    }

    /** From logits to scores. */
    public sealed interface Score {
        /** softmax over all experts. */
        record Softmax() implements Score {}

        /** softmax over the chosen experts only. */
        record SoftmaxOfChosen() implements Score {}

        /** sigmoid of each logit. */
        record Sigmoid() implements Score {}

        /** SparseMixer (Liu et al. 2024, arXiv 2409.12136): each slot a softmax over the logits near its best. */
        record SparseMixer(double jitter) implements Score {
            /** Whether a logit takes part in the softmax of the slot whose best one is {@code top}: within 2·jitter (relative) of it. */
            public boolean near(float logit, float top) {
                float factor = Math.max(Math.abs(logit), top);
                return !((top - logit) / factor > (float) (2 * jitter));
            }
        }
    }

    /** Which experts may be chosen. */
    public sealed interface Grouping {
        /** All. */
        record None() implements Grouping {}

        /** Experts of the {@code kept} groups with the largest best score. */
        record BestOfGroup(int groups, int kept) implements Grouping {}

        /** Experts of the {@code kept} groups with the largest sum of their two best scores. */
        record BestTwoOfGroup(int groups, int kept) implements Grouping {}
    }

    /** Of the chosen scores. */
    public sealed interface Normalisation {
        /** As they are. */
        record None() implements Normalisation {}

        /** Divided by (their sum + {@code added}). */
        record Sum(double added) implements Normalisation {}

        /** Divided by max(their sum, {@code least}). */
        record SumAtLeast(double least) implements Normalisation {}
    }

    /** What the weight multiplies. */
    public enum Target {
        EXPERT_OUTPUT,
        /** Llama 4. */
        EXPERT_INPUT
    }
}
