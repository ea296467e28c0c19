package org.mojave.compress.quantize;

/** Cuts a matrix into slices of rows and transposes them; the cut depends on the number of rows alone. */
final class Slices {
    /** Rows of a slice: the panel being worked on stays in the second-level cache. */
    private static final int ROWS = 256;

    /** Rows transposed together, so that cache lines are filled before they are left. */
    static final int TILE = 16;

    private Slices() {}

    @FunctionalInterface
    interface Work {
        void on(int firstRow, int rows);
    }

    /** Calls {@code work} for slice after slice. */
    static void forEach(int rows, Work work) {
        for (int first = 0; first < rows; first += ROWS) {
            work.on(first, Math.min(ROWS, rows - first));
        }
    }

    /** Rows of the largest slice. */
    static int largest(int rows) {
        return Math.min(ROWS, rows);
    }

    /** Position p of the result is column {@code order[p]} of the rows from {@code firstRow} on. */
    static Rounding.Columns transposed(WeightMatrix weights, int[] order, int firstRow, int rows) {
        float[] values = new float[order.length * rows];
        for (int start = 0; start < rows; start += TILE) {
            int end = Math.min(rows, start + TILE);
            for (int p = 0; p < order.length; p++) {
                int source = firstRow * weights.columns() + order[p];
                for (int l = start; l < end; l++) {
                    values[p * rows + l] = weights.values()[source + l * weights.columns()];
                }
            }
        }
        return new Rounding.Columns(values, rows);
    }

    /** 0, 1, 2 … */
    static int[] natural(int columns) {
        int[] order = new int[columns];
        for (int c = 0; c < columns; c++) {
            order[c] = c;
        }
        return order;
    }
}
