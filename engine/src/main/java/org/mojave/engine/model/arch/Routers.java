package org.mojave.engine.model.arch;

import org.mojave.engine.model.Config;
import org.mojave.engine.model.Router;

/** Routers that several families share. */
final class Routers {
    /** What the official DeepSeek code adds to the sum of the chosen scores. */
    static final double DEEPSEEK_ADDED = 1e-20;

    private Routers() {}

    /** Softmax over all experts, then renormalised where {@code norm_topk_prob} says so (Qwen, OLMoE). */
    static Router softmax(Config config, int experts, int chosenAbsent) {
        Router.Normalisation normalisation = config.flag("norm_topk_prob", false) ? new Router.Normalisation.Sum(0)
                : new Router.Normalisation.None();
        return new Router(experts, config.size("num_experts_per_tok", chosenAbsent), new Router.Score.Softmax(),
                new Router.Grouping.None(), false, false, normalisation, 1, Router.Target.EXPERT_OUTPUT);
    }

    /** Softmax over the chosen experts (Granite, gpt-oss). */
    static Router softmaxOfChosen(int experts, int chosen, boolean bias) {
        return new Router(experts, chosen, new Router.Score.SoftmaxOfChosen(), new Router.Grouping.None(), false, bias,
                new Router.Normalisation.None(), 1, Router.Target.EXPERT_OUTPUT);
    }

    /** Sigmoid scores, correction bias, groups ranked by their two best (DeepSeek-V3, section 2.1.2; GLM-4.5, dots1). */
    static Router sigmoidCorrected(Config config, int groups, int kept, boolean normalisedAbsent, double scalingAbsent) {
        int experts = config.size("n_routed_experts");
        Router.Normalisation normalisation = config.flag("norm_topk_prob", normalisedAbsent)
                ? new Router.Normalisation.Sum(DEEPSEEK_ADDED) : new Router.Normalisation.None();
        Router.Grouping grouping = kept == groups ? new Router.Grouping.None() : new Router.Grouping.BestTwoOfGroup(groups, kept);
        return new Router(experts, config.size("num_experts_per_tok"), new Router.Score.Sigmoid(), grouping, true, false,
                normalisation, config.number("routed_scaling_factor", scalingAbsent), Router.Target.EXPERT_OUTPUT);
    }
}
