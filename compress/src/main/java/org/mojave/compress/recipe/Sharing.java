package org.mojave.compress.recipe;

/**
 * How the bits of a target are shared out.
 *
 * @param mode among which matrices, and by which program
 * @param costs what a global program compares
 */
public record Sharing(AllocationMode mode, Costs costs) {
    /** One program over all matrices, by output errors. */
    public static final Sharing DEFAULT = new Sharing(AllocationMode.GLOBAL, Costs.OUTPUT);

    public Sharing {
        if (costs != Costs.OUTPUT && mode != AllocationMode.GLOBAL) {
            throw new RecipeException("--costs " + costs.wireName() + " is for a plan over all matrices; leave out --allocation " + mode.wireName());
        }
    }

    /** In that mode, all else by default. */
    public static Sharing of(AllocationMode mode) {
        return new Sharing(mode, Costs.OUTPUT);
    }
}
