package org.mojave.compress.quantize;

import org.mojave.format.packed.Scheme;

/**
 * Choices of {@link Gptq}.
 *
 * @param groups when scales are chosen
 * @param order in which order columns are rounded
 * @param clip how ranges are chosen
 * @param damping share of the mean diagonal that is added to the diagonal of the Hessian
 * @param panelColumns columns whose errors are spread together
 * @param fidelity see there
 * @param sweeps times that scales and codes are adjusted in turn afterwards, to the same loss; needs static groups
 * @param paths that the search through a trellis keeps
 */
public record GptqSettings(Groups groups, Order order, Clip clip, double damping, int panelColumns, Fidelity fidelity, int sweeps, int paths) {
    /** Paths at the end of which more bring little: 0.078 of the variance at 2 bits, where all would leave 0.072 and one scale 0.118. */
    public static final int PATHS = 64;

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
        if (paths < 1 || paths > Short.MAX_VALUE) {
            throw new IllegalArgumentException("a search keeps 1 to " + Short.MAX_VALUE + " paths, not " + paths);
        }
        if (panelColumns < 1) {
            throw new IllegalArgumentException("a panel needs at least one column, not " + panelColumns);
        }
        if (sweeps < 0 || (sweeps > 0 && groups != Groups.STATIC)) {
            throw new IllegalArgumentException(sweeps + " sweeps with " + groups + " groups");
        }
    }

    /** With the usual number of paths. */
    public GptqSettings(Groups groups, Order order, Clip clip, double damping, int panelColumns, Fidelity fidelity, int sweeps) {
        this(groups, order, clip, damping, panelColumns, fidelity, sweeps, PATHS);
    }

    /** The same with another number of paths. */
    public GptqSettings withPaths(int number) {
        return new GptqSettings(groups, order, clip, damping, panelColumns, fidelity, sweeps, number);
    }

    /** Static groups, automatic order, no clip search, damping 0.01, panels of 128 columns, native scales. */
    public static GptqSettings defaults() {
        return new GptqSettings(Groups.STATIC, Order.AUTOMATIC, Clip.NONE, 0.01, 128, Fidelity.NATIVE, 0);
    }

    /** The best that native storage allows: activation order throughout, ranges by activity, and so many sweeps. */
    public static GptqSettings careful(int sweeps) {
        return new GptqSettings(Groups.STATIC, Order.ACTIVATION, Clip.ACTIVITY, 0.01, 128, Fidelity.NATIVE, sweeps);
    }

    /** As the published code: scales of a group from weights that carry the errors before it, minimum to maximum, columns as they are stored. */
    public static GptqSettings published() {
        return new GptqSettings(Groups.DYNAMIC, Order.NATURAL, Clip.NONE, 0.01, 128, Fidelity.NATIVE, 0);
    }

    /** Whether matrices of that scheme are rounded in the order of activity. */
    public boolean activationOrder(Scheme scheme) {
        if (scheme.trellis()) {
            return false; // codes stand in the order of columns
        }
        return switch (order) {
            case AUTOMATIC -> scheme.bits() >= 3;
            case ACTIVATION -> true;
            case NATURAL -> false;
        };
    }
}
