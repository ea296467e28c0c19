package org.mojave.engine.stream;

/**
 * How a memory limit is shared out: what must be there comes first, experts get the rest.
 *
 * @param limit bytes for everything
 * @param dense weights that every token uses
 * @param working what the computation needs
 * @param slotBytes bytes of one expert's slot
 * @param fewest slots that are needed at least
 * @param slots slots that there is room for, at most one for each expert; may be too few, or negative
 */
public record MemoryShares(long limit, long dense, Working working, long slotBytes, int fewest, int slots) {
    /** The virtual machine, its code, threads and native libraries, the tokenizer, and garbage that is not collected yet. */
    public static final long PROGRAM_BYTES = 256L << 20;

    /**
     * What the computation needs beside weights.
     *
     * @param cacheBytes keys and values, full
     * @param bufferBytes activations and logits
     */
    public record Working(long cacheBytes, long bufferBytes) {
        /** Bytes where a cache is taken as a whole, as beside streamed experts. */
        long bytes() {
            return cacheBytes + bufferBytes;
        }

        /** Bytes, with what growing a cache takes for a moment. */
        long growing() {
            return cacheBytes + cacheBytes / 2 + bufferBytes;
        }
    }

    /** Shares out a limit. */
    public static MemoryShares of(long limit, long dense, Working working, StreamPlan plan) {
        long left = limit - dense - working.bytes() - PROGRAM_BYTES;
        int slots = (int) Math.min(plan.numbers().total(), Math.floorDiv(left, plan.slotBytes()));
        return new MemoryShares(limit, dense, working, plan.slotBytes(), plan.fewestSlots(), slots);
    }

    /** What a model takes that is all in memory. */
    public static long resident(long weights, Working working) {
        return weights + working.growing() + PROGRAM_BYTES;
    }

    /** The lowest limit that works. */
    public long floor() {
        return forSlots(fewest);
    }

    /** The limit that gives so many slots. */
    public long forSlots(int count) {
        return dense + working.bytes() + PROGRAM_BYTES + count * slotBytes;
    }
}
