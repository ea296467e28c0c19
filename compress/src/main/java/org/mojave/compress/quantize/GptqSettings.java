package org.mojave.compress.quantize;

import org.mojave.format.packed.Scheme;

/**
 * Choices of {@link Gptq}.
 *
 * @param groups when scales are chosen
 * @param order in which order columns are rounded
 * @param clip whether to search for the range with the least error of the weights
 * @param damping share of the mean diagonal that is added to the diagonal of the Hessian
 * @param panelColumns columns whose errors are spread together
 * @param fidelity see there
 */
public record GptqSettings(Groups groups, Order order, boolean clip, double damping, int panelColumns, Fidelity fidelity) {
    /** When the scales of a group are chosen. */
    public enum Groups {
        /** Before anything is rounded, from the original weights. Required with an activation order by the native storage. */
        STATIC,
        /** When the first of its columns is reached, from weights that carry the errors of earlier panels. */
        DYNAMIC
    }

    /** In which order columns are rounded. */
    public enum Order {
        /** Most active inputs first at 3 bits and above; below, where that can hurt (QMoE, ternary), as they are stored. */
        AUTOMATIC,
        /** Most active inputs first, by the diagonal of the Hessian. */
        ACTIVATION,
        /** As they are stored. */
        NATURAL
    }

    public GptqSettings {
        if (!(damping >= 0 && damping < 1)) {
            throw new IllegalArgumentException("damping must be at least 0 and below 1, not " + damping);
        }
        if (panelColumns < 1) {
            throw new IllegalArgumentException("a panel needs at least one column, not " + panelColumns);
        }
    }

    /** Static groups, automatic order, no clip search, damping 0.01, panels of 128 columns, native scales. */
    public static GptqSettings defaults() {
        return new GptqSettings(Groups.STATIC, Order.AUTOMATIC, false, 0.01, 128, Fidelity.NATIVE);
    }

    /** Whether matrices of that scheme are rounded in the order of activity. */
    public boolean activationOrder(Scheme scheme) {
        return switch (order) {
            case AUTOMATIC -> scheme.bits() >= 3;
            case ACTIVATION -> true;
            case NATURAL -> false;
        };
    }
}
