package org.mojave.engine.kernel;

import java.util.Arrays;
import org.mojave.format.packed.Trellis;

/** The search in C; reference: {@link PortableTrellisSearch}, which finds the same codes. */
final class NativeTrellisSearch implements TrellisSearch {
    private static final int CACHE_LINE = 64;
    /** Words that a vector may write beyond the survivors. */
    private static final int SLACK_WORDS = 16;

    private final NativeKernels kernels;
    private final float[] upper;
    private final Shape shape;
    private final float[] values;
    private final byte[] memory;

    NativeTrellisSearch(NativeKernels kernels, float[] upper, Shape shape) {
        this.kernels = kernels;
        this.upper = upper;
        this.shape = shape;
        values = Trellis.values(shape.bits());
        memory = new byte[Math.toIntExact(memoryBytes(shape))];
        Arrays.fill(memory, memory.length - Integer.BYTES * Trellis.STATES, memory.length, (byte) -1);
    }

    /** What {@code search_memory} in trellis_search.h takes. */
    static long memoryBytes(Shape shape) {
        long width = shape.width();
        long columns = shape.columns();
        long children = width << shape.bits();
        return 2 * lines(Float.BYTES * width * columns)
                + 3 * lines(Float.BYTES * width * STRIP_COLUMNS)
                + lines(Float.BYTES * STRIP_COLUMNS)
                + 4 * lines(Float.BYTES * width)
                + 2 * lines(Integer.BYTES * children)
                + lines(Integer.BYTES * (children + SLACK_WORDS))
                + lines(Short.BYTES * width * columns)
                + lines(width * columns)
                + (long) Integer.BYTES * Trellis.STATES;
    }

    private static long lines(long bytes) {
        return Math.ceilDiv(bytes, CACHE_LINE) * CACHE_LINE;
    }

    @Override
    public float run(float[] row, float[] scales, byte[] found) {
        if (row.length != shape.columns() || scales.length != shape.columns() || found.length != shape.columns()) {
            throw new IllegalArgumentException("a row of " + row.length + " weights, " + scales.length + " scales and " + found.length
                    + " codes for " + shape.columns() + " columns");
        }
        return kernels.searchTrellis(this, row, scales, found);
    }

    float[] upper() {
        return upper;
    }

    Shape shape() {
        return shape;
    }

    /** Values by register state. */
    float[] values() {
        return values;
    }

    /** {@link #memoryBytes} bytes. */
    byte[] memory() {
        return memory;
    }
}
