package org.mojave.engine.kernel;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/**
 * Which blocks of columns of a packed matrix meet an activation that is not zero: all that a product with one token needs to read. A unit
 * is the smallest block that can be read by itself ({@link #columns}), 64 bytes of a tile, or a run where a code's bits lie in two planes.
 * Reused: {@link #fill} keeps the memory.
 */
final class SparseUnits {
    private static final VarHandle INTEGERS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private int unitColumns = PackedLayout.RUN_COLUMNS;
    private int padded;
    private int groups;
    private int[] units = new int[0];
    private int[] starts = new int[1];

    /** Columns of a unit; 0 where a row's codes depend on each other, so that all must be read. */
    static int columns(Scheme scheme) {
        int bits = scheme.bits();
        return scheme.trellis() ? 0 : bits == 2 || bits == 4 || bits == 8 ? PackedLayout.RUN_COLUMNS / bits : PackedLayout.RUN_COLUMNS;
    }

    /** Takes the units of one rounded token; a group that is not finite is kept whole, so that its scale reaches the result. */
    void fill(QuantizedActivations x, int columnsOfUnit) {
        unitColumns = columnsOfUnit;
        padded = x.paddedColumns();
        groups = x.groups();
        units = units.length < padded / unitColumns ? new int[padded / unitColumns] : units;
        starts = starts.length < groups + 1 ? new int[groups + 1] : starts;
        int count = 0;
        for (int group = 0; group < groups; group++) {
            starts[group] = count;
            boolean whole = Float.isNaN(x.scales()[group]);
            int end = Math.min(padded, (group + 1) * x.groupColumns());
            for (int c = group * x.groupColumns(); c < end; c += unitColumns) {
                if (whole || !zero(x.values(), c)) {
                    units[count++] = c / unitColumns;
                }
            }
        }
        starts[groups] = count;
    }

    private boolean zero(byte[] values, int first) {
        int any = 0;
        for (int c = first; c < first + unitColumns; c += Integer.BYTES) {
            any |= (int) INTEGERS.get(values, c);
        }
        return any == 0;
    }

    /** Throws unless these are units of a token that such a matrix may meet. */
    void check(PackedLayout layout, QuantizedActivations x) {
        if (unitColumns != columns(layout.scheme()) || padded != layout.runs() * PackedLayout.RUN_COLUMNS || groups != x.groups() || x.tokens() != 1) {
            throw new IllegalArgumentException("units of " + unitColumns + " columns of " + padded + " do not fit " + x.tokens() + " × " + x.columns()
                    + " activations and scheme " + layout.scheme().id());
        }
    }

    /** Units in all. */
    int count() {
        return starts[groups];
    }

    /** Share of the columns that are read. */
    double share() {
        return (double) count() * unitColumns / padded;
    }

    /** Ascending; the first {@link #count} entries count; owned by this object. */
    int[] units() {
        return units;
    }

    /** First unit of each group of activations, and the number of all; owned by this object. */
    int[] starts() {
        return starts;
    }

    @Override
    public String toString() {
        return Arrays.toString(Arrays.copyOf(units, count()));
    }
}
