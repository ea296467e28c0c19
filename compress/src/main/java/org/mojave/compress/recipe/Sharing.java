package org.mojave.compress.recipe;

import java.util.List;

/**
 * How the bits of a target are shared out.
 *
 * @param mode among which matrices, and by which program
 * @param costs what a global program compares
 * @param expertBits bits that an expert may have where only experts are chosen for: whole numbers in a row, 2 and 3 among them
 * @param oneBit what experts of one bit are stored as there
 * @param tie which matrices share a scheme in a global program
 */
public record Sharing(AllocationMode mode, Costs costs, List<Integer> expertBits, OneBit oneBit, Tie tie) {
    /** Bits of an expert in Mixture Compressor's program. */
    public static final List<Integer> EXPERT_BITS = List.of(1, 2, 3);
    /** One program over all matrices, by output errors. */
    public static final Sharing DEFAULT = of(AllocationMode.GLOBAL);

    public Sharing {
        expertBits = List.copyOf(expertBits);
        if (costs != Costs.OUTPUT && mode.expertsOnly()) {
            throw new RecipeException("--costs " + costs.wireName() + " is for a plan over all matrices; leave out --allocation " + mode.wireName());
        }
        if (!expertBits.equals(EXPERT_BITS) && !mode.expertsOnly()) {
            throw new RecipeException("--expert-bits is for plans of experts alone; give --allocation pmq, frequency or uniform with it");
        }
        if (oneBit != OneBit.TRELLIS && !mode.expertsOnly()) {
            throw new RecipeException("--one-bit is for plans of experts alone; give --allocation pmq, frequency or uniform with it");
        }
        if (tie != Tie.NONE && mode.expertsOnly()) {
            throw new RecipeException("--tie " + tie.wireName() + " is for a plan over all matrices; leave out --allocation " + mode.wireName());
        }
        boolean row = expertBits.containsAll(List.of(2, 3)) && expertBits.getFirst() >= 1 && expertBits.getLast() <= 4;
        for (int i = 1; i < expertBits.size(); i++) {
            row &= expertBits.get(i) == expertBits.get(i - 1) + 1;
        }
        if (!row) {
            throw new RecipeException("--expert-bits must be 1,2,3 or 1,2,3,4 or 2,3 or 2,3,4, not "
                    + String.join(",", expertBits.stream().map(String::valueOf).toList()));
        }
    }

    /** In that mode, all else by default. */
    public static Sharing of(AllocationMode mode) {
        return new Sharing(mode, Costs.OUTPUT, EXPERT_BITS, OneBit.TRELLIS, Tie.NONE);
    }

    /** Among experts of those bits alone, by that program; one bit is stored as said. */
    public static Sharing ofExperts(AllocationMode mode, List<Integer> expertBits, OneBit oneBit) {
        return new Sharing(mode, Costs.OUTPUT, expertBits, oneBit, Tie.NONE);
    }

    /** One program over all matrices. */
    public static Sharing global(Costs costs, Tie tie) {
        return new Sharing(AllocationMode.GLOBAL, costs, EXPERT_BITS, OneBit.TRELLIS, tie);
    }
}
