package org.mojave.compress.quantize;

import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.Scheme;

/** The growing result of a quantizer: takes columns of lanes, holds rows. */
final class CodeTarget {
    private final Scheme scheme;
    private final int rows;
    private final int columns;
    private final int groups;
    private final byte[] codes;
    private final float[] scales;
    private final byte[] zeros;

    CodeTarget(Scheme scheme, int rows, int columns) {
        this.scheme = scheme;
        this.rows = rows;
        this.columns = columns;
        groups = scheme.groups(columns);
        codes = new byte[rows * columns];
        scales = new float[rows * groups];
        zeros = new byte[scheme.symmetric() ? 0 : rows * groups];
    }

    /** Stores the grid of a group for the rows from {@code firstRow} on. */
    void putGrid(int firstRow, int group, Rounding.Grid grid) {
        for (int l = 0; l < grid.scales().length; l++) {
            int at = (firstRow + l) * groups + group;
            scales[at] = grid.scales()[l];
            if (!scheme.symmetric()) {
                zeros[at] = (byte) (int) grid.zeros()[l];
            }
        }
    }

    /** Stores the codes of a column for the rows from {@code firstRow} on. */
    void putColumn(int firstRow, int column, Rounding.Grid grid, float[] steps) {
        for (int l = 0; l < steps.length; l++) {
            codes[(firstRow + l) * columns + column] = (byte) (int) (steps[l] + grid.zeros()[l]);
        }
    }

    CodedMatrix matrix() {
        return new CodedMatrix(scheme, rows, columns, codes, scales, zeros);
    }
}
