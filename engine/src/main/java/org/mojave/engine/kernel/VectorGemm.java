package org.mojave.engine.kernel;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Matrix products with the Vector API. Lanes run along the columns of the result; a tile of 6 rows × 2 vectors stays in
 * registers over {@link #DEPTH} steps. The right-hand side of a tile is packed {@code [depth][2 vectors]}, padded with
 * zeros, so that the micro-kernel reads one sequential stream; the left-hand side is read where it lies, or packed by tiles
 * if it is transposed. Every element is summed by fused multiply-adds in index order, {@link #DEPTH} at a time, whatever
 * the vector width and its tile. Reference: {@link ScalarReference}; benchmark: {@code KernelBench} in {@code bench}.
 */
final class VectorGemm {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    /** Width of the vectors. */
    static final int BITS = FLOATS.vectorBitSize();
    private static final int LANES = FLOATS.length();
    private static final int TILE_ROWS = 6;
    private static final int TILE_COLUMNS = 2 * LANES;
    private static final int DEPTH = 256;
    /** Rows of a transposed left operand that are packed at once: 512 KiB. */
    private static final int PACKED_ROWS = 510;

    /**
     * Left operand: element (row, k) is {@code values[offset + row/6·tileStep + row mod 6·rowStep + k·depthStep]}.
     */
    private record Left(float[] values, int offset, int tileStep, int rowStep, int depthStep) {
        /** The operand read where it lies: rows of x. */
        static Left rowsOf(Block x) {
            return new Left(x.values(), x.offset(), TILE_ROWS * x.stride(), x.stride(), 1);
        }

        /** Index of the first element of a row. */
        int index(int row) {
            return offset + row / TILE_ROWS * tileStep + row % TILE_ROWS * rowStep;
        }
    }

    private VectorGemm() {}

    static void multiplyTransposed(Block x, Block w, Block y, Extent extent) {
        x.check(extent.rows(), extent.depth());
        w.check(extent.columns(), extent.depth());
        y.check(extent.rows(), extent.columns());
        for (int r = 0; r < extent.rows(); r++) {
            int first = y.offset() + r * y.stride();
            Arrays.fill(y.values(), first, first + extent.columns(), 0);
        }
        float[] packed = new float[DEPTH * TILE_COLUMNS];
        for (int k = 0; k < extent.depth(); k += DEPTH) {
            int depth = Math.min(DEPTH, extent.depth() - k);
            Left left = Left.rowsOf(x.at(0, k));
            for (int c = 0; c < extent.columns(); c += TILE_COLUMNS) {
                int columns = Math.min(TILE_COLUMNS, extent.columns() - c);
                packRows(w.at(c, k), columns, depth, packed);
                strip(left, packed, y.at(0, c), new Extent(extent.rows(), columns, depth));
            }
        }
    }

    static void addTransposed(float alpha, Block a, Block b, Block c, Extent extent) {
        a.check(extent.depth(), extent.rows());
        b.check(extent.depth(), extent.columns());
        c.check(extent.rows(), extent.columns());
        float[] packed = new float[DEPTH * TILE_COLUMNS];
        float[] tiles = new float[DEPTH * (Math.min(extent.rows(), PACKED_ROWS) + TILE_ROWS - 1)];
        for (int r = 0; r < extent.rows(); r += PACKED_ROWS) {
            int rows = Math.min(PACKED_ROWS, extent.rows() - r);
            for (int k = 0; k < extent.depth(); k += DEPTH) {
                int depth = Math.min(DEPTH, extent.depth() - k);
                Left left = packTiles(a.at(k, r), rows, depth, tiles);
                for (int j = 0; j < extent.columns(); j += TILE_COLUMNS) {
                    int columns = Math.min(TILE_COLUMNS, extent.columns() - j);
                    packScaled(alpha, b.at(k, j), columns, depth, packed);
                    strip(left, packed, c.at(r, j), new Extent(rows, columns, depth));
                }
            }
        }
    }

    /** tiles[row / 6][k][row mod 6] = a[k][row]; the rows that fill up the last tile keep arbitrary values, never read. */
    private static Left packTiles(Block a, int rows, int depth, float[] tiles) {
        for (int first = 0; first < rows; first += TILE_ROWS) {
            int source = a.offset() + first;
            int target = first * depth;
            if (rows - first >= TILE_ROWS) {
                packTile(a, first, depth, tiles, target);
            } else {
                for (int k = 0; k < depth; k++) {
                    System.arraycopy(a.values(), source + k * a.stride(), tiles, target + k * TILE_ROWS, rows - first);
                }
            }
        }
        return new Left(tiles, 0, TILE_ROWS * depth, 1, TILE_ROWS);
    }

    private static void packTile(Block a, int first, int depth, float[] tiles, int target) {
        float[] values = a.values();
        for (int k = 0; k < depth; k++) {
            int from = a.offset() + first + k * a.stride();
            int to = target + k * TILE_ROWS;
            tiles[to] = values[from];
            tiles[to + 1] = values[from + 1];
            tiles[to + 2] = values[from + 2];
            tiles[to + 3] = values[from + 3];
            tiles[to + 4] = values[from + 4];
            tiles[to + 5] = values[from + 5];
        }
    }

    /** packed[k][c] = w[c][k]. */
    private static void packRows(Block w, int columns, int depth, float[] packed) {
        Arrays.fill(packed, 0, depth * TILE_COLUMNS, 0);
        for (int c = 0; c < columns; c++) {
            int source = w.offset() + c * w.stride();
            for (int k = 0; k < depth; k++) {
                packed[k * TILE_COLUMNS + c] = w.values()[source + k];
            }
        }
    }

    /** packed[k][c] = alpha · b[k][c]. */
    private static void packScaled(float alpha, Block b, int columns, int depth, float[] packed) {
        Arrays.fill(packed, 0, depth * TILE_COLUMNS, 0);
        for (int k = 0; k < depth; k++) {
            int source = b.offset() + k * b.stride();
            for (int c = 0; c < columns; c++) {
                packed[k * TILE_COLUMNS + c] = alpha * b.values()[source + c];
            }
        }
    }

    /** One strip of at most two vectors of columns, all rows: adds left · packed to the target. */
    private static void strip(Left left, float[] packed, Block target, Extent extent) {
        float[] tile = new float[TILE_ROWS * TILE_COLUMNS];
        for (int r = 0; r < extent.rows(); r += TILE_ROWS) {
            int rows = Math.min(TILE_ROWS, extent.rows() - r);
            if (rows == TILE_ROWS && extent.columns() == TILE_COLUMNS) {
                tile(left, left.index(r), packed, extent.depth(), target.at(r, 0));
            } else {
                copy(target.at(r, 0), new Block(tile, 0, TILE_COLUMNS), rows, extent.columns());
                if (rows == TILE_ROWS) {
                    tile(left, left.index(r), packed, extent.depth(), new Block(tile, 0, TILE_COLUMNS));
                } else {
                    for (int i = 0; i < rows; i++) {
                        row(left, left.index(r + i), packed, extent.depth(), new Block(tile, i * TILE_COLUMNS, TILE_COLUMNS));
                    }
                }
                copy(new Block(tile, 0, TILE_COLUMNS), target.at(r, 0), rows, extent.columns());
            }
        }
    }

    private static void copy(Block from, Block to, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            System.arraycopy(from.values(), from.offset() + r * from.stride(), to.values(), to.offset() + r * to.stride(), columns);
        }
    }

    /** The micro-kernel: 6 rows × 2 vectors. */
    private static void tile(Left left, int first, float[] packed, int depth, Block target) {
        float[] c = target.values();
        int offset = target.offset();
        int stride = target.stride();
        float[] a = left.values();
        int step = left.rowStep();
        FloatVector zero = FloatVector.zero(FLOATS);
        FloatVector s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero;
        FloatVector s30 = zero, s31 = zero, s40 = zero, s41 = zero, s50 = zero, s51 = zero;
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(FLOATS, packed, k * TILE_COLUMNS);
            FloatVector b1 = FloatVector.fromArray(FLOATS, packed, k * TILE_COLUMNS + LANES);
            int at = first + k * left.depthStep();
            FloatVector x = FloatVector.broadcast(FLOATS, a[at]);
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            x = FloatVector.broadcast(FLOATS, a[at + step]);
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            x = FloatVector.broadcast(FLOATS, a[at + 2 * step]);
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            x = FloatVector.broadcast(FLOATS, a[at + 3 * step]);
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
            x = FloatVector.broadcast(FLOATS, a[at + 4 * step]);
            s40 = x.fma(b0, s40);
            s41 = x.fma(b1, s41);
            x = FloatVector.broadcast(FLOATS, a[at + 5 * step]);
            s50 = x.fma(b0, s50);
            s51 = x.fma(b1, s51);
        }
        add(s00, s01, c, offset);
        add(s10, s11, c, offset + stride);
        add(s20, s21, c, offset + 2 * stride);
        add(s30, s31, c, offset + 3 * stride);
        add(s40, s41, c, offset + 4 * stride);
        add(s50, s51, c, offset + 5 * stride);
    }

    private static void add(FloatVector low, FloatVector high, float[] c, int offset) {
        FloatVector.fromArray(FLOATS, c, offset).add(low).intoArray(c, offset);
        FloatVector.fromArray(FLOATS, c, offset + LANES).add(high).intoArray(c, offset + LANES);
    }

    /** One row × 2 vectors. */
    private static void row(Left left, int first, float[] packed, int depth, Block target) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        for (int k = 0; k < depth; k++) {
            FloatVector x = FloatVector.broadcast(FLOATS, left.values()[first + k * left.depthStep()]);
            s0 = x.fma(FloatVector.fromArray(FLOATS, packed, k * TILE_COLUMNS), s0);
            s1 = x.fma(FloatVector.fromArray(FLOATS, packed, k * TILE_COLUMNS + LANES), s1);
        }
        add(s0, s1, target.values(), target.offset());
    }

    /** Dot product with four partial sums per lane; for so few tokens that packing does not pay. */
    static float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int k = 0;
        for (; k <= length - 4 * LANES; k += 4 * LANES) {
            s0 = FloatVector.fromArray(FLOATS, a, aOffset + k).fma(FloatVector.fromArray(FLOATS, b, bOffset + k), s0);
            s1 = FloatVector.fromArray(FLOATS, a, aOffset + k + LANES).fma(FloatVector.fromArray(FLOATS, b, bOffset + k + LANES), s1);
            s2 = FloatVector.fromArray(FLOATS, a, aOffset + k + 2 * LANES).fma(FloatVector.fromArray(FLOATS, b, bOffset + k + 2 * LANES), s2);
            s3 = FloatVector.fromArray(FLOATS, a, aOffset + k + 3 * LANES).fma(FloatVector.fromArray(FLOATS, b, bOffset + k + 3 * LANES), s3);
        }
        for (; k <= length - LANES; k += LANES) {
            s0 = FloatVector.fromArray(FLOATS, a, aOffset + k).fma(FloatVector.fromArray(FLOATS, b, bOffset + k), s0);
        }
        float sum = LaneSum.of(s0.add(s1).add(s2.add(s3)));
        for (; k < length; k++) {
            sum += a[aOffset + k] * b[bOffset + k];
        }
        return sum;
    }
}
