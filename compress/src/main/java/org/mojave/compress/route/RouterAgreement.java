package org.mojave.compress.route;

/**
 * How far a changed model's router output still makes the original's choices. Sums, so that parts can be added.
 *
 * @param tokens tokens compared
 * @param keptShareSum Σ share of the originally chosen experts that are chosen again
 * @param sameSets tokens whose chosen experts are all the same
 * @param divergenceSum Σ KL(original ‖ changed) in nats, softmax over the compared experts only
 */
public record RouterAgreement(long tokens, double keptShareSum, long sameSets, double divergenceSum) {
    /** Nothing compared. */
    public static final RouterAgreement NONE = new RouterAgreement(0, 0, 0, 0);

    /**
     * What is chosen, and over which experts distributions are compared.
     *
     * @param experts routed experts
     * @param chosen experts per token, k
     * @param compared the original's m likeliest experts, k ≤ m ≤ experts
     */
    public record Setting(int experts, int chosen, int compared) {
        public Setting {
            if (chosen < 1 || compared < chosen || experts < compared) {
                throw new IllegalArgumentException("cannot choose " + chosen + " and compare " + compared + " of " + experts + " experts");
            }
        }

        /** EAQuant's {@code m = k + floor(α·(E − k))}: α = 0 compares only the chosen, 1 all. */
        public static Setting of(int experts, int chosen, double alpha) {
            return new Setting(experts, chosen, chosen + (int) Math.floor(alpha * (experts - chosen)));
        }
    }

    /** Compares logits [tokens, experts] before and after. */
    public static RouterAgreement of(float[] original, float[] changed, Setting setting) {
        TopExperts.require(original, setting.experts, setting.chosen);
        if (changed.length != original.length) {
            throw new IllegalArgumentException(original.length + " original and " + changed.length + " changed router outputs");
        }
        double kept = 0;
        long same = 0;
        double divergence = 0;
        int tokens = original.length / setting.experts;
        for (int t = 0; t < tokens; t++) {
            int offset = t * setting.experts;
            int common = common(TopExperts.of(original, offset, setting.experts, setting.chosen),
                    TopExperts.of(changed, offset, setting.experts, setting.chosen), setting.experts);
            kept += common / (double) setting.chosen;
            same += common == setting.chosen ? 1 : 0;
            divergence += TopExperts.divergence(original, changed, offset,
                    TopExperts.of(original, offset, setting.experts, setting.compared));
        }
        return new RouterAgreement(tokens, kept, same, divergence);
    }

    private static int common(int[] a, int[] b, int experts) {
        boolean[] inA = new boolean[experts];
        for (int e : a) {
            inA[e] = true;
        }
        int common = 0;
        for (int e : b) {
            common += inA[e] ? 1 : 0;
        }
        return common;
    }

    /** The agreement over both sets of tokens. */
    public RouterAgreement plus(RouterAgreement other) {
        return new RouterAgreement(tokens + other.tokens, keptShareSum + other.keptShareSum, sameSets + other.sameSets,
                divergenceSum + other.divergenceSum);
    }

    /** Mean share of the chosen experts that stay chosen, 0 to 1; NaN without tokens. */
    public double keptShare() {
        return keptShareSum / tokens;
    }

    /** Share of tokens that keep exactly their experts; NaN without tokens. */
    public double sameSetShare() {
        return sameSets / (double) tokens;
    }

    /** Mean KL in nats; NaN without tokens. */
    public double divergence() {
        return divergenceSum / tokens;
    }
}
