package org.mojave.engine.kernel;

import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/**
 * Activations [tokens, columns] as signed bytes with a scale per group: {@code x ≈ scale · value}, scale = max|x| / 127,
 * value rounded half to even, at most 127 in size. A group with a value that is not finite gets the scale NaN. Reused from
 * product to product: {@link #reshape} keeps the memory. Filled by {@link NativeKernels#quantize} or {@link PackedOracle}.
 */
public final class QuantizedActivations {
    /** Largest group, and the group of schemes whose scale holds for a whole row. */
    public static final int LARGEST_GROUP = 128;

    private int tokens;
    private int columns;
    private int groupColumns = LARGEST_GROUP;
    private byte[] values = new byte[0];
    private float[] scales = new float[0];
    private int[] sums = new int[0];

    /** The group of activations that fits weights of that scheme: theirs, or 128 if theirs is the row. */
    public static int groupColumns(Scheme scheme) {
        return scheme.groupSize() == Scheme.WHOLE_ROW ? LARGEST_GROUP : scheme.groupSize();
    }

    /** Gives room for that shape; the content is undefined afterwards. The group is 32, 64 or 128 columns. */
    public void reshape(int newTokens, int newColumns, int newGroupColumns) {
        if (newTokens < 0 || newColumns < 1) {
            throw new IllegalArgumentException("activations need a shape, not " + newTokens + " × " + newColumns);
        }
        if (newGroupColumns != 32 && newGroupColumns != 64 && newGroupColumns != LARGEST_GROUP) {
            throw new IllegalArgumentException("activation group must be 32, 64 or 128 columns, not " + newGroupColumns);
        }
        tokens = newTokens;
        columns = newColumns;
        groupColumns = newGroupColumns;
        int bytes = Math.multiplyExact(tokens, paddedColumns());
        if (values.length < bytes) {
            values = new byte[bytes];
        }
        if (scales.length < tokens * groups()) {
            scales = new float[tokens * groups()];
            sums = new int[tokens * groups()];
        }
    }

    /** Rows. */
    public int tokens() {
        return tokens;
    }

    /** Columns, without padding. */
    public int columns() {
        return columns;
    }

    /** Columns that share a scale. */
    public int groupColumns() {
        return groupColumns;
    }

    /** Columns rounded up to whole runs of 32; the padding is zero. */
    public int paddedColumns() {
        return Math.ceilDiv(columns, PackedLayout.RUN_COLUMNS) * PackedLayout.RUN_COLUMNS;
    }

    /** Groups in a row; the last one may be shorter. */
    public int groups() {
        return Math.ceilDiv(columns, groupColumns);
    }

    /** Bytes of the memory kept. */
    public long bytes() {
        return values.length + 4L * scales.length + 4L * sums.length;
    }

    /** [tokens, paddedColumns], owned by this object. */
    byte[] values() {
        return values;
    }

    /** [tokens, groups], owned by this object. */
    float[] scales() {
        return scales;
    }

    /** Sums of the values of a group, [tokens, groups], owned by this object. */
    int[] sums() {
        return sums;
    }
}
