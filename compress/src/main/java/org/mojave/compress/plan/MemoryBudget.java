package org.mojave.compress.plan;

/**
 * Counts the big buffers of a job against a limit. Whoever allocates more than a megabyte takes it from here first, so
 * that the promise of {@code --memory} is one number in one place. Used by one thread.
 */
public final class MemoryBudget {
    /** Bytes taken from a budget until closed. */
    public final class Share implements AutoCloseable {
        private long bytes;

        private Share(long bytes) {
            this.bytes = bytes;
        }

        @Override
        public void close() {
            used -= bytes;
            bytes = 0;
        }
    }

    private static final long OTHER_BYTES = 300_000_000;

    private final long limit;
    private long used;
    private long peak;

    /** A budget of {@code limit} bytes. */
    public MemoryBudget(long limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("a budget needs a positive limit, not " + limit);
        }
        this.limit = limit;
    }

    /**
     * Bytes for buffers in a process that may take {@code memoryBytes}, or 0 for as much as the heap of this JVM allows. A fifth of the
     * memory, but at least {@value #OTHER_BYTES} bytes, belongs to the JVM itself and to native libraries; of the heap, a quarter to small
     * objects and to garbage that is not collected yet.
     */
    public static long ofProcess(long memoryBytes) {
        long heap = Runtime.getRuntime().maxMemory();
        long allowed = memoryBytes == 0 ? heap : Math.min(heap, memoryBytes - Math.max(memoryBytes / 5, OTHER_BYTES));
        return allowed / 4 * 3;
    }

    /** Takes bytes; throws {@link ResourceException} naming what they were for when they do not fit. */
    public Share take(String what, long bytes) {
        if (bytes > free()) {
            throw new ResourceException(what + " needs " + ByteSizes.text(bytes) + ", but only " + ByteSizes.text(free())
                    + " of the " + ByteSizes.text(limit) + " for buffers are free; give a larger --memory");
        }
        used += bytes;
        peak = Math.max(peak, used);
        return new Share(bytes);
    }

    /** Bytes that can still be taken. */
    public long free() {
        return limit - used;
    }

    /** All bytes. */
    public long limit() {
        return limit;
    }

    /** Most bytes taken at any moment. */
    public long peak() {
        return peak;
    }
}
