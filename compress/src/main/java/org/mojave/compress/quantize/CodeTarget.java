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
    private final float[] units;
    /** Codes of the slice being worked on, [columns][lanes]. */
    private final byte[] slice;

    CodeTarget(Scheme scheme, int rows, int columns) {
        this.scheme = scheme;
        this.rows = rows;
        this.columns = columns;
        groups = scheme.groups(columns);
        codes = new byte[rows * columns];
        scales = new float[rows * groups];
        zeros = new byte[scheme.symmetric() ? 0 : rows * groups];
        units = new float[scheme.sixBitScales() ? rows : 0];
        slice = new byte[Slices.largest(rows) * columns];
    }

    /** Stores the grid of a group for the rows from {@code firstRow} on. */
    void putGrid(int firstRow, int group, Rounding.Grid grid) {
        for (int l = 0; l < grid.scales().length; l++) {
            int at = (firstRow + l) * groups + group;
            scales[at] = grid.scales()[l];
            if (units.length > 0) {
                units[firstRow + l] = grid.units()[l];
            }
            if (!scheme.symmetric()) {
                zeros[at] = (byte) (int) grid.zeros()[l];
            }
        }
    }

    /** Takes the codes of a column of the slice being worked on. */
    void putColumn(int column, Rounding.Grid grid, float[] steps) {
        float[] zero = grid.zeros();
        int at = column * steps.length;
        for (int l = 0; l < steps.length; l++) {
            slice[at + l] = (byte) ((int) (steps[l] + zero[l]) / scheme.step());
        }
    }

    /** Takes all codes of the slice being worked on, [columns][lanes]. */
    void putCodes(byte[] all) {
        System.arraycopy(all, 0, slice, 0, all.length);
    }

    /** Code minus zero of a column of the slice that was worked on last, to its place in {@code steps} [columns][lanes]. */
    void readColumn(int column, Rounding.Grid grid, float[] steps, int lanes) {
        int at = column * lanes;
        for (int l = 0; l < lanes; l++) {
            steps[at + l] = scheme.step() * (slice[at + l] & 0xff) - grid.zeros()[l];
        }
    }

    /** Stores the slice of {@code lanes} rows from {@code firstRow} on, now that all its columns are there. */
    void finish(int firstRow, int lanes) {
        for (int start = 0; start < columns; start += Slices.TILE) {
            int end = Math.min(columns, start + Slices.TILE);
            for (int l = 0; l < lanes; l++) {
                int target = (firstRow + l) * columns;
                for (int c = start; c < end; c++) {
                    codes[target + c] = slice[c * lanes + l];
                }
            }
        }
    }

    CodedMatrix matrix() {
        return new CodedMatrix(scheme, rows, columns, codes, scales, zeros, units);
    }
}
