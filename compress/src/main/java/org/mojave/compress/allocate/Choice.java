package org.mojave.compress.allocate;

/**
 * One way to store an item.
 *
 * @param scheme its name, e.g. {@code 3g64a} or {@code bf16}; tied items meet under equal names
 * @param bytes what it occupies in the file: codes, scales, zeros, padding
 * @param cost damage it does; any additive unit, the same for all items of a program
 */
public record Choice(String scheme, long bytes, double cost) {
    public Choice {
        if (scheme.isBlank()) {
            throw new IllegalArgumentException("a choice needs a scheme name");
        }
        if (bytes < 0) {
            throw new IllegalArgumentException("scheme " + scheme + " has negative bytes: " + bytes);
        }
        if (!Double.isFinite(cost)) {
            throw new IllegalArgumentException("scheme " + scheme + " has cost " + cost + "; the measured error is not finite");
        }
    }
}
