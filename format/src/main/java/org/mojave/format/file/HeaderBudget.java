package org.mojave.format.file;

import org.mojave.format.tensor.CheckpointException;

/**
 * Heap that reading one file's header may take: the file's size plus {@link #CONSTANT_BYTES}. Parsers charge an upper bound
 * for every object before they make it, so a header that lies, or says little in many words, ends in a
 * {@link CheckpointException} and never in an OutOfMemoryError.
 */
public final class HeaderBudget {
    /** What a header may take beyond the size of its file. */
    public static final long CONSTANT_BYTES = 32L << 20;
    /** Heap of a tensor's records, map entry, mapped slice and list, without its name and dimensions. */
    public static final long TENSOR_BYTES = 384;
    /** Heap of one dimension: a boxed number and its places in lists. */
    public static final long DIMENSION_BYTES = 48;
    /** Heap for each byte of a name or text while it is decoded: buffers that grow, characters of two bytes, the copy. */
    public static final long TEXT_FACTOR = 6;

    private final String place;
    private long left;

    /** A budget for the file called {@code place}. */
    public HeaderBudget(String place, long fileBytes) {
        this.place = place;
        this.left = fileBytes + CONSTANT_BYTES;
    }

    /** Takes {@code bytes}; throws {@link CheckpointException} if they are not left. */
    public void charge(long bytes) {
        left -= bytes;
        if (left < 0) {
            throw new CheckpointException(place, "its header has more entries than a file of this size can need");
        }
    }

    /** Takes what text of that encoded size needs. */
    public void chargeText(long bytes) {
        charge(64 + TEXT_FACTOR * bytes);
    }
}
