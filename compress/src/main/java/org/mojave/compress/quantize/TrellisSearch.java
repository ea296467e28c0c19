package org.mojave.compress.quantize;

import java.util.Arrays;
import org.mojave.format.packed.Trellis;

/**
 * Chooses the codes of one row of a {@link Trellis} scheme: GPTQ's column loop on many paths through the trellis at once (the M
 * algorithm). Each path carries the weights as its own errors have changed them; after each column the paths of least loss survive,
 * of those with the same register only the best, since they have the same future. One path and no register would be GPTQ.
 *
 * <p>Belongs to one thread; reused row after row.
 */
final class TrellisSearch {
    private static final int NONE = -1;

    private final float[] upper;
    private final int columns;
    private final int bits;
    private final int mask;
    private final int width;
    /** Values by register state. */
    private final float[] values = new float[Trellis.STATES];
    /** Weights of each path, and of its children. */
    private float[][] weights;
    private float[][] nextWeights;
    private int[] states;
    private int[] nextStates;
    private float[] losses;
    private float[] nextLosses;
    /** Parent path and code of each path at each column. */
    private final short[] parents;
    private final byte[] codes;
    /** Losses and states of children by parent and code, and the best child of each state. */
    private final float[] children;
    private final int[] childStates;
    private final int[] bestOf = new int[Trellis.STATES];
    private final float[] sorted;

    /**
     * For rows of a matrix.
     *
     * @param upper U [columns, columns] in natural order, H⁻¹ = Uᵀ·U
     * @param bits of a code
     * @param width most paths
     */
    TrellisSearch(float[] upper, int columns, int bits, int width) {
        this.upper = upper;
        this.columns = columns;
        this.bits = bits;
        this.width = width;
        mask = (1 << bits) - 1;
        for (int state = 0; state < values.length; state++) {
            values[state] = Trellis.value(state);
        }
        weights = new float[width][columns];
        nextWeights = new float[width][columns];
        states = new int[width];
        nextStates = new int[width];
        losses = new float[width];
        nextLosses = new float[width];
        parents = new short[width * columns];
        codes = new byte[width * columns];
        children = new float[width << bits];
        childStates = new int[width << bits];
        sorted = new float[width << bits];
        Arrays.fill(bestOf, NONE);
    }

    /** Bytes of a search. */
    static long bytes(int columns, int width) {
        return (long) width * columns * (2 * Float.BYTES + 3) + 3L * Float.BYTES * Trellis.STATES;
    }

    /** Codes of a row {@code row}[from … from + columns − 1] with these scales by column; returns the loss. */
    float run(float[] row, float[] scales, byte[] found) {
        System.arraycopy(row, 0, weights[0], 0, columns);
        states[0] = 0;
        losses[0] = 0;
        int paths = 1;
        for (int column = 0; column < columns; column++) {
            paths = advance(column, paths, scales[column]);
        }
        int best = 0;
        for (int path = 1; path < paths; path++) {
            best = losses[path] < losses[best] ? path : best;
        }
        float loss = losses[best];
        for (int column = columns - 1; column >= 0; column--) {
            found[column] = codes[column * width + best];
            best = parents[column * width + best];
        }
        return loss / 2;
    }

    /** Takes all paths over one column; returns how many there are then. */
    private int advance(int column, int paths, float scale) {
        float inverse = 1 / upper[column * columns + column];
        int count = paths << bits;
        expand(column, paths, scale, inverse);
        keepBestOfStates(count);
        float limit = limit(count);
        int survivors = 0;
        for (int child = 0; child < count && survivors < width; child++) {
            if (children[child] <= limit) {
                int parent = child >>> bits;
                int state = childStates[child];
                parents[column * width + survivors] = (short) parent;
                codes[column * width + survivors] = (byte) (child & mask);
                nextStates[survivors] = state;
                nextLosses[survivors] = children[child];
                descend(weights[parent], nextWeights[survivors], column, (weights[parent][column] - scale * values[state]) * inverse);
                survivors++;
            }
        }
        swap();
        return survivors;
    }

    /** States and losses of all children. */
    private void expand(int column, int paths, float scale, float inverse) {
        int child = 0;
        for (int path = 0; path < paths; path++) {
            float weight = weights[path][column];
            float loss = losses[path];
            int first = Trellis.next(states[path], 0, bits);
            for (int code = 0; code <= mask; code++) {
                float error = (weight - scale * values[first + code]) * inverse;
                childStates[child] = first + code;
                children[child++] = loss + error * error;
            }
        }
    }

    /** Of the children with one state only the best keeps a finite loss. */
    private void keepBestOfStates(int count) {
        for (int child = 0; child < count; child++) {
            int other = bestOf[childStates[child]];
            if (other == NONE) {
                bestOf[childStates[child]] = child;
            } else if (children[child] < children[other]) {
                children[other] = Float.POSITIVE_INFINITY;
                bestOf[childStates[child]] = child;
            } else {
                children[child] = Float.POSITIVE_INFINITY;
            }
        }
        for (int child = 0; child < count; child++) {
            bestOf[childStates[child]] = NONE;
        }
    }

    /** The loss of the last child that survives. */
    private float limit(int count) {
        if (count <= width) {
            return Float.MAX_VALUE;
        }
        System.arraycopy(children, 0, sorted, 0, count);
        return Math.min(Float.MAX_VALUE, select(count, width - 1));
    }

    /** The element of that rank among the first {@code count} of {@link #sorted}, by Hoare's selection. */
    private float select(int count, int rank) {
        int low = 0;
        int high = count - 1;
        while (low < high) {
            float pivot = sorted[(low + high) >>> 1];
            int i = low;
            int j = high;
            while (i <= j) {
                while (sorted[i] < pivot) {
                    i++;
                }
                while (pivot < sorted[j]) {
                    j--;
                }
                if (i <= j) {
                    float moved = sorted[i];
                    sorted[i++] = sorted[j];
                    sorted[j--] = moved;
                }
            }
            if (rank <= j) {
                high = j;
            } else if (rank >= i) {
                low = i;
            } else {
                break;
            }
        }
        return sorted[rank];
    }

    /** The child's weights: the parent's, less the column's error as it falls on the columns that follow. */
    private void descend(float[] parent, float[] child, int column, float error) {
        int row = column * columns;
        for (int c = column + 1; c < columns; c++) {
            child[c] = parent[c] - error * upper[row + c];
        }
    }

    private void swap() {
        float[][] oldWeights = weights;
        weights = nextWeights;
        nextWeights = oldWeights;
        int[] oldStates = states;
        states = nextStates;
        nextStates = oldStates;
        float[] oldLosses = losses;
        losses = nextLosses;
        nextLosses = oldLosses;
    }
}
