package org.mojave.compress.allocate;

/** The budget lies below the cheapest plan. */
public final class TargetTooSmallException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long floorBytes;

    TargetTooSmallException(long budgetBytes, long floorBytes) {
        super("target of " + budgetBytes + " bytes lies below the cheapest plan of " + floorBytes
                + " bytes; raise the target or allow smaller schemes");
        this.floorBytes = floorBytes;
    }

    /** Bytes of the cheapest plan: the least target that can be met. */
    public long floorBytes() {
        return floorBytes;
    }
}
