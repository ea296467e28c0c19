package org.mojave.compress.allocate;

import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Mixture Compressor's bit allocation for the experts of one layer, as its published code solves it (the paper's program
 * differs: equality, and an exponent on the error that the code does not apply).
 *
 * <p>Minimise {@code Σ φ^α · w^β · ε^α} subject to {@code Σ bits ≤ budget} and at least one expert at each required width; φ and w
 * are shares of the layer's sums when {@code normalised}. Solved exactly by dynamic programming over (bits spent, required widths
 * seen). Among equal costs: fewer bits, then the lower widths for the lower experts.
 *
 * @param widths bits that an expert may have, ascending; the columns of {@link PmqLayer#error}
 * @param required widths that at least one expert must have
 * @param frequencyExponent α, applied to the error too
 * @param weightExponent β
 * @param normalised whether φ and w are divided by their sums (and the cost multiplied by 1000, as the code does)
 */
public record PmqProgram(
        List<Integer> widths, Set<Integer> required, double frequencyExponent, double weightExponent, boolean normalised) {
    /** The published setting: α = 1, β = 1.5, at least one expert with 2 and one with 3 bits. */
    public static PmqProgram reference(List<Integer> widths) {
        return new PmqProgram(widths, Set.of(2, 3), 1, 1.5, true);
    }

    public PmqProgram {
        widths = List.copyOf(widths);
        required = Set.copyOf(required);
        for (int i = 0; i < widths.size(); i++) {
            if (widths.get(i) < 1 || (i > 0 && widths.get(i) <= widths.get(i - 1))) {
                throw new IllegalArgumentException("widths must be positive and ascend: " + widths);
            }
        }
        if (widths.isEmpty() || !widths.containsAll(required)) {
            throw new IllegalArgumentException("required widths " + required + " are not among " + widths);
        }
    }

    /**
     * The answer for one layer.
     *
     * @param bits width per expert
     * @param cost value of the objective
     */
    public record Answer(List<Integer> bits, double cost) {
        public Answer {
            bits = List.copyOf(bits);
        }
    }

    /** Cost of each expert at each width, [experts][widths]. */
    public double[][] costs(PmqLayer layer) {
        double frequencySum = normalised ? Arrays.stream(layer.frequency()).sum() : 1;
        double weightSum = normalised ? Arrays.stream(layer.weight()).sum() : 1;
        if (!(frequencySum > 0 && weightSum > 0)) {
            throw new IllegalArgumentException("no token reached any expert of the layer; calibrate with more text");
        }
        double[][] costs = new double[layer.experts()][widths.size()];
        for (int e = 0; e < costs.length; e++) {
            if (layer.error()[e].length != widths.size()) {
                throw new IllegalArgumentException("expert " + e + " has " + layer.error()[e].length + " errors for widths " + widths);
            }
            double significance = Math.pow(layer.frequency()[e] / frequencySum, frequencyExponent)
                    * Math.pow(layer.weight()[e] / weightSum, weightExponent);
            for (int w = 0; w < costs[e].length; w++) {
                costs[e][w] = significance * Math.pow(layer.error()[e][w], frequencyExponent) * (normalised ? 1000 : 1);
            }
        }
        return costs;
    }

    /** Solves one layer; IllegalArgumentException when no assignment meets budget and required widths. */
    public Answer solve(PmqLayer layer, int budgetBits) {
        double[][] costs = costs(layer);
        int spendable = Math.min(budgetBits, layer.experts() * widths.getLast());
        double[][][] rest = restCosts(costs, Math.max(spendable, 0));
        int everything = (1 << required.size()) - 1;
        int exact = 0;
        for (int bits = 1; bits <= spendable; bits++) {
            if (rest[0][bits][everything] < rest[0][exact][everything]) {
                exact = bits;
            }
        }
        double cost = rest[0][exact][everything];
        if (cost == Double.POSITIVE_INFINITY) {
            throw new IllegalArgumentException(budgetBits + " bits are too few for " + layer.experts() + " experts with widths "
                    + widths + " of which " + required + " must occur");
        }
        return new Answer(follow(costs, rest, exact, everything), cost);
    }

    /** [expert][bits][missing]: least cost of the experts from there on spending exactly these bits and covering what is missing. */
    private double[][][] restCosts(double[][] costs, int spendable) {
        int masks = 1 << required.size();
        double[][][] rest = new double[costs.length + 1][spendable + 1][masks];
        for (double[][] table : rest) {
            for (double[] row : table) {
                Arrays.fill(row, Double.POSITIVE_INFINITY);
            }
        }
        rest[costs.length][0][0] = 0;
        for (int e = costs.length - 1; e >= 0; e--) {
            for (int bits = 0; bits <= spendable; bits++) {
                for (int missing = 0; missing < masks; missing++) {
                    int w = best(costs[e], rest[e + 1], bits, missing);
                    rest[e][bits][missing] = w < 0 ? Double.POSITIVE_INFINITY : value(costs[e], rest[e + 1], w, bits, missing);
                }
            }
        }
        return rest;
    }

    private List<Integer> follow(double[][] costs, double[][][] rest, int exactBits, int everything) {
        Integer[] chosen = new Integer[costs.length];
        int bits = exactBits;
        int missing = everything;
        for (int e = 0; e < chosen.length; e++) {
            chosen[e] = widths.get(best(costs[e], rest[e + 1], bits, missing));
            bits -= chosen[e];
            missing &= ~bit(chosen[e]);
        }
        return List.of(chosen);
    }

    /** Index of the lowest width with least cost, or −1 when none is possible. */
    private int best(double[] costs, double[][] rest, int bits, int missing) {
        int best = -1;
        for (int w = 0; w < costs.length && widths.get(w) <= bits; w++) {
            double value = value(costs, rest, w, bits, missing);
            if (value < (best < 0 ? Double.POSITIVE_INFINITY : value(costs, rest, best, bits, missing))) {
                best = w;
            }
        }
        return best;
    }

    private double value(double[] costs, double[][] rest, int w, int bits, int missing) {
        return costs[w] + rest[bits - widths.get(w)][missing & ~bit(widths.get(w))];
    }

    /** The mask bit of a required width; 0 for others. */
    private int bit(int width) {
        if (!required.contains(width)) {
            return 0;
        }
        int lower = (int) required.stream().filter(other -> other < width).count();
        return 1 << lower;
    }
}
