package org.mojave.compress.recipe;

import java.util.List;
import java.util.Optional;
import org.mojave.format.packed.Scheme;

/**
 * What the user asked: one scheme for every matrix of the layers, another for embedding and head, and what rules say of single ones.
 *
 * <p>Example: {@code new Recipe(Method.GPTQ, Scheme.parse("4g128a"), 8, CalibrationWish.DEFAULT, 0)}.
 *
 * @param method how codes are chosen
 * @param scheme scheme of attention, expert, shared-expert and dense matrices
 * @param vocabularyBits bits of embedding and head: 8, or {@link #KEEP} to keep them as they are
 * @param calibration which text
 * @param fitting how codes follow the activations; means nothing to rounding
 * @param target how large the result may be: schemes are then chosen matrix by matrix, and {@code scheme} and {@code vocabularyBits} mean
 *     nothing (unless only experts are chosen for); empty for one scheme throughout
 * @param sharing how a target's bits are shared out
 * @param transformation what is done beside choosing codes
 * @param rules for matrices that are treated otherwise; the last that matches counts
 * @param seed seed of every random choice
 */
public record Recipe(Method method, Scheme scheme, int vocabularyBits, CalibrationWish calibration, Fitting fitting, Optional<Target> target,
        Sharing sharing, Transformation transformation, List<Rule> rules, long seed) {
    /** Value of {@link #vocabularyBits} that keeps embedding and head in their original storage. */
    public static final int KEEP = 16;
    private static final Scheme UNUSED = Scheme.parse("4g64a");

    public Recipe {
        rules = List.copyOf(rules);
        if (method == Method.AWQ) {
            fitting = fitting.withoutMatching(); // scales are searched against the layer's own output
        }
        if (vocabularyBits != 8 && vocabularyBits != KEEP) {
            throw new RecipeException("embedding and head are stored with 8 or " + KEEP + " bits, not " + vocabularyBits);
        }
        if (transformation.router().isPresent() && fitting.routerDamping() > 0) {
            throw new RecipeException("--router-damping fits the routers anew and --router-bits rounds them; give one of them");
        }
        if (fitting.groupScales() != GroupScales.ORIGINAL && method != Method.GPTQ) {
            throw new RecipeException("--group-scales is for gptq, which carries errors from column to column; leave it out, or leave out --method "
                    + method.wireName());
        }
        if (sharing.costs() != Costs.OUTPUT && target.isEmpty()) {
            throw new RecipeException("--costs " + sharing.costs().wireName() + " is for the plan of a target; give --target-bits or --target-size");
        }
        if (sharing.tie() != Tie.NONE && target.isEmpty()) {
            throw new RecipeException("--tie " + sharing.tie().wireName() + " is for the plan of a target; give --target-bits or --target-size");
        }
        if (sharing.mode().expertsOnly() && target.isEmpty()) {
            throw new RecipeException("--allocation " + sharing.mode().wireName() + " shares out the bits of a target; give --target-bits or "
                    + "--target-size");
        }
        if (sharing.mode().expertsOnly() && method != Method.GPTQ && sharing.expertBits().getFirst() == 1) {
            throw new RecipeException("--allocation " + sharing.mode().wireName() + " has experts of one bit, which only gptq makes; give "
                    + "--expert-bits 2,3 or 2,3,4, or leave out --method " + method.wireName());
        }
        if (scheme.bits() == 1) {
            throw new RecipeException("1 bit is only useful mixed with wider experts; write --bits 2, 3, 4 or 8");
        }
    }

    /** With the default fitting. */
    public Recipe(Method method, Scheme scheme, int vocabularyBits, CalibrationWish calibration, long seed) {
        this(method, scheme, vocabularyBits, calibration, Fitting.DEFAULT, Optional.empty(), seed);
    }

    /** Without a target. */
    public Recipe(Method method, Scheme scheme, int vocabularyBits, CalibrationWish calibration, Fitting fitting, long seed) {
        this(method, scheme, vocabularyBits, calibration, fitting, Optional.empty(), seed);
    }

    /** Without a transformation. */
    public Recipe(Method method, Scheme scheme, int vocabularyBits, CalibrationWish calibration, Fitting fitting, Optional<Target> target,
            long seed) {
        this(method, scheme, vocabularyBits, calibration, fitting, target, Sharing.DEFAULT, Transformation.NONE, List.of(), seed);
    }

    /** The same with that transformation. */
    public Recipe with(Transformation other) {
        return new Recipe(method, scheme, vocabularyBits, calibration, fitting, target, sharing, other, rules, seed);
    }

    /** The same with that text. */
    public Recipe with(CalibrationWish other) {
        return new Recipe(method, scheme, vocabularyBits, other, fitting, target, sharing, transformation, rules, seed);
    }

    /** The same with these rules. */
    public Recipe with(List<Rule> others) {
        return new Recipe(method, scheme, vocabularyBits, calibration, fitting, target, sharing, transformation, others, seed);
    }

    /** The same with a target whose bits go to the routed experts in that way; all else as the recipe says. */
    public Recipe with(Target other, AllocationMode mode) {
        return with(other, Sharing.of(mode));
    }

    /** The same with a target whose bits are shared out in that way. */
    public Recipe with(Target other, Sharing way) {
        return new Recipe(method, scheme, vocabularyBits, calibration, fitting, Optional.of(other), way, transformation, rules, seed);
    }

    /** The same, its target's bits shared out in that way. */
    public Recipe with(Sharing other) {
        return new Recipe(method, scheme, vocabularyBits, calibration, fitting, target, other, transformation, rules, seed);
    }

    /** Among which matrices a target's bits are shared out, and by which program. */
    public AllocationMode allocation() {
        return sharing.mode();
    }

    /** With a target: schemes are chosen matrix by matrix, for GPTQ. */
    public static Recipe of(Target target, CalibrationWish calibration, Fitting fitting, long seed) {
        return of(Method.GPTQ, target, calibration, fitting, seed);
    }

    /** With a target: schemes are chosen matrix by matrix among those that the method makes. */
    public static Recipe of(Method method, Target target, CalibrationWish calibration, Fitting fitting, long seed) {
        return new Recipe(method, UNUSED, KEEP, calibration, fitting, Optional.of(target), seed);
    }

    /** Whether scales are folded into norms and routers. */
    public boolean folds() {
        return method == Method.AWQ;
    }

    /** Whether calibration text is read: for quantizing, or for weighing matrices against each other. */
    public boolean needsText() {
        return method.calibrates() || target.isPresent() || transformation.needsText();
    }

    /** Scheme of a quantized embedding or head: rounded at 8 bits, symmetric, with the groups of {@link #scheme}. */
    public Scheme vocabularyScheme() {
        return new Scheme(8, scheme.groupSize(), true);
    }
}
