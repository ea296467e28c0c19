package org.mojave.compress.allocate;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The answer to a program.
 *
 * @param choices one choice per item name, in the order of the items
 * @param bytes their sum, at most the budget
 * @param cost their sum
 * @param lowerBound proven: no allocation within the budget costs less (up to the rounding of double sums)
 * @param costPerByte the relaxation's price: about what one more byte of budget would save; 0 when the budget does not bind
 * @param tieCosts per tie of more than one item, what the tie costs at that price: the damage that free items would save, with
 *     the price of bytes counted
 */
public record Allocation(
        Map<String, Choice> choices, long bytes, double cost, double lowerBound, double costPerByte, Map<String, Double> tieCosts) {
    public Allocation {
        choices = Collections.unmodifiableMap(new LinkedHashMap<>(choices));
        tieCosts = Collections.unmodifiableMap(new LinkedHashMap<>(tieCosts));
        if (lowerBound > cost) {
            throw new IllegalArgumentException("lower bound " + lowerBound + " above the cost " + cost);
        }
    }

    /** {@code cost − lowerBound}: 0 means proven optimal. */
    public double gap() {
        return cost - lowerBound;
    }
}
