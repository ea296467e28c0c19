package org.mojave.engine.kernel;

import java.util.Arrays;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/**
 * Activations [tokens, columns] as signed bytes with a scale per group: {@code x ≈ scale · value}, scale = max|x| / 127,
 * value rounded half to even, at most 127 in size. A group with a value that is not finite gets the scale NaN. Reused from
 * product to product: {@link #reshape} keeps the memory. Filled by {@link NativeKernels#quantize}, {@link #round} or {@link PackedOracle},
 * which give the same.
 */
public final class QuantizedActivations {
    /** Largest group, and the group of schemes whose scale holds for a whole row. */
    public static final int LARGEST_GROUP = 128;
    /** Below this all of a group is 0. */
    private static final float SMALLEST = 1e-30f;
    private static final float LARGEST_CODE = 127;
    /** Adding 1.5 · 2^23 leaves the nearest whole number in the lowest bits. */
    private static final float ROUND = 12582912f;

    private int tokens;
    private int columns;
    private int groupColumns = LARGEST_GROUP;
    private byte[] values = new byte[0];
    private float[] scales = new float[0];
    private int[] sums = new int[0];
    /** By width of field: 1, 2, 4 and 8 bits. */
    private final int[][] factors = new int[4][0];
    /** The widths for which there are factors, added. */
    private int widths;

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
        widths = 0;
        int bytes = Math.multiplyExact(tokens, paddedColumns());
        if (values.length < bytes) {
            values = new byte[bytes];
        }
        if (scales.length < tokens * groups()) {
            scales = new float[tokens * groups()];
            sums = new int[tokens * groups()];
        }
    }

    /** Gives room for the {@link #factors} of that shape which codes of so many bits need; the next {@link #reshape} forgets it. */
    void makeFactors(int bits) {
        widths |= bits;
        for (int i = 0, width = 1; i < factors.length; i++, width *= 2) {
            int size = tokens * paddedColumns() / (width < Byte.SIZE ? 2 : 1);
            factors[i] = (widths & width) != 0 && factors[i].length < size ? new int[size] : factors[i];
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
        long integers = sums.length;
        for (int[] some : factors) {
            integers += some.length;
        }
        return values.length + 4L * scales.length + 4L * integers;
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

    /** Fills the rows of some tokens of x [tokens, columns], and the factors that were asked for. */
    void round(Block x, int first, int count) {
        for (int token = first; token < first + count; token++) {
            int from = x.offset() + token * x.stride();
            int to = token * paddedColumns();
            Arrays.fill(values, to + columns, to + paddedColumns(), (byte) 0);
            for (int group = 0; group < groups(); group++) {
                int start = group * groupColumns;
                round(x.values(), from + start, to + start, Math.min(groupColumns, columns - start), token * groups() + group);
            }
            for (int width = 1; width < Byte.SIZE; width *= 2) {
                if ((widths & width) != 0) {
                    pair(to, width, factors(width));
                }
            }
            if ((widths & Byte.SIZE) != 0) {
                single(to, factors(Byte.SIZE));
            }
        }
    }

    private void round(float[] x, int from, int to, int count, int group) {
        float largest = Float.intBitsToFloat(largest(x, from, count));
        if (!(largest < Float.POSITIVE_INFINITY) || largest < SMALLEST) {
            Arrays.fill(values, to, to + count, (byte) 0);
            scales[group] = largest < SMALLEST ? 0 : Float.NaN;
            sums[group] = 0;
            return;
        }
        codes(x, from, LARGEST_CODE / largest, values, to, count);
        scales[group] = largest / LARGEST_CODE;
        sums[group] = sum(values, to, count);
    }

    private static int largest(float[] x, int from, int count) {
        int bits = 0;
        for (int i = 0; i < count; i++) {
            bits = Math.max(bits, Float.floatToRawIntBits(x[from + i]) & Integer.MAX_VALUE);
        }
        return bits;
    }

    private static void codes(float[] x, int from, float inverse, byte[] target, int to, int count) {
        for (int i = 0; i < count; i++) {
            target[to + i] = (byte) Float.floatToRawIntBits(x[from + i] * inverse + ROUND);
        }
    }

    private static int sum(byte[] values, int from, int count) {
        int sum = 0;
        for (int i = 0; i < count; i++) {
            sum += values[from + i];
        }
        return sum;
    }

    private void pair(int from, int width, int[] target) {
        int fields = Byte.SIZE / width;
        for (int vector = from; vector < from + paddedColumns(); vector += 4 * fields) {
            int low = 0;
            int high = 0;
            for (int i = 0; i < 2 * fields; i++) {
                int column = i < fields ? 4 * i : 4 * (i - fields) + 1;
                int nextLow = values[vector + column];
                int nextHigh = values[vector + column + 2];
                target[vector / 2 + i] = ((nextLow - (low << width)) & 0xffff) | ((nextHigh - (high << width)) << 16);
                low = nextLow;
                high = nextHigh;
            }
        }
    }

    private void single(int from, int[] target) {
        for (int c = from; c < from + paddedColumns(); c += 4) {
            target[c] = values[c];
            target[c + 1] = values[c + 1] - (values[c] << Byte.SIZE);
            target[c + 2] = values[c + 2] - (values[c + 1] << Byte.SIZE);
            target[c + 3] = values[c + 3] - (values[c + 2] << Byte.SIZE);
        }
    }

    /**
     * What codes in fields of that width are multiplied with, owned by this object: for 1, 2 and 4 bits [tokens, paddedColumns / 2] pairs of
     * 16 bits, of each four columns 0 and 2, then 1 and 3, as the halves of a lane hold them ({@link PackedLayout}); for 8 bits [tokens,
     * paddedColumns]. Each is the activation of its field less 2^width times that of the field below it in the half (of 8 bits: in the
     * lane), if there is one; {@link TileSums} says why.
     */
    int[] factors(int width) {
        return factors[Integer.numberOfTrailingZeros(width)];
    }
}
