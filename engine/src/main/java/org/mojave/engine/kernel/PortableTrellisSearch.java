package org.mojave.engine.kernel;

import java.util.Arrays;
import org.mojave.format.packed.Trellis;

/** The search in Java: the reference of {@link NativeTrellisSearch}. */
final class PortableTrellisSearch implements TrellisSearch {
    private static final int NONE = -1;
    /** Paths are cut off at a loss that may be lower by this part of their number: finding the very last one takes long. */
    private static final int SLACK = 16;
    /** Columns between which errors are spread one by one; they reach the columns beyond all at once. */
    private static final int STRIP_COLUMNS = 32;

    private final float[] upper;
    private final int columns;
    private final int bits;
    private final int mask;
    private final int width;
    /** Values by register state. */
    private final float[] values;
    /** Weights of each path, as the errors of whole strips have changed them. */
    private float[][] weights;
    private float[][] nextWeights;
    /** In the strip of columns being worked on: each path's weights, its errors, and which path it was when the strip began. */
    private float[][] strip;
    private float[][] nextStrip;
    private float[][] errors;
    private float[][] nextErrors;
    private int[] origins;
    private int[] nextOrigins;
    private int[] states;
    private int[] nextStates;
    private float[] losses;
    private float[] nextLosses;
    /** Parent path and code of each path at each column. */
    private final short[] parents;
    private final byte[] codes;
    /** Losses (their bits) and states of children by parent and code. */
    private final int[] keys;
    private final int[] childStates;
    /** Children that go on, and which of them has a state. */
    private final int[] survivor;
    private final int[] bestOf = new int[Trellis.STATES];

    PortableTrellisSearch(float[] upper, Shape shape) {
        this.upper = upper;
        columns = shape.columns();
        bits = shape.bits();
        width = shape.width();
        mask = (1 << bits) - 1;
        values = Trellis.values(bits);
        weights = new float[width][columns];
        nextWeights = new float[width][columns];
        strip = new float[width][STRIP_COLUMNS];
        nextStrip = new float[width][STRIP_COLUMNS];
        errors = new float[width][STRIP_COLUMNS];
        nextErrors = new float[width][STRIP_COLUMNS];
        origins = new int[width];
        nextOrigins = new int[width];
        states = new int[width];
        nextStates = new int[width];
        losses = new float[width];
        nextLosses = new float[width];
        parents = new short[width * columns];
        codes = new byte[width * columns];
        keys = new int[width << bits];
        childStates = new int[width << bits];
        survivor = new int[width];
        Arrays.fill(bestOf, NONE);
    }

    @Override
    public float run(float[] row, float[] scales, byte[] found) {
        System.arraycopy(row, 0, weights[0], 0, columns);
        states[0] = 0;
        losses[0] = 0;
        int paths = 1;
        for (int start = 0; start < columns; start += STRIP_COLUMNS) {
            int end = Math.min(columns, start + STRIP_COLUMNS);
            for (int path = 0; path < paths; path++) {
                System.arraycopy(weights[path], start, strip[path], 0, end - start);
                origins[path] = path;
            }
            for (int column = start; column < end; column++) {
                paths = advance(column, start, paths, scales[column]);
            }
            spread(start, end, paths);
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
    private int advance(int column, int start, int paths, float scale) {
        float inverse = 1 / upper[column * columns + column];
        int at = column - start;
        expand(at, paths, scale, inverse);
        int survivors = choose(paths << bits);
        for (int i = 0; i < survivors; i++) {
            int child = survivor[i];
            int state = childStates[child];
            bestOf[state] = NONE;
            int parent = child >>> bits;
            parents[column * width + i] = (short) parent;
            codes[column * width + i] = (byte) (child & mask);
            nextStates[i] = state;
            nextLosses[i] = Float.intBitsToFloat(keys[child]);
            nextOrigins[i] = origins[parent];
            float[] mine = nextErrors[i];
            System.arraycopy(errors[parent], 0, mine, 0, at);
            mine[at] = (strip[parent][at] - scale * values[state]) * inverse;
            descend(strip[parent], nextStrip[i], column, at, mine[at]);
        }
        swap();
        return survivors;
    }

    /** States and losses of all children; as losses are not negative, their bits have the same order. */
    private void expand(int at, int paths, float scale, float inverse) {
        int child = 0;
        for (int path = 0; path < paths; path++) {
            float weight = strip[path][at];
            float loss = losses[path];
            int first = Trellis.next(states[path], 0, bits);
            for (int code = 0; code <= mask; code++) {
                float error = (weight - scale * values[first + code]) * inverse;
                childStates[child] = first + code;
                keys[child++] = Float.floatToRawIntBits(loss + error * error);
            }
        }
    }

    /** Puts the best children, about as many as there may be paths, into {@link #survivor}, each state once; returns how many. */
    private int choose(int count) {
        int limit = limit(count);
        int found = 0;
        for (int child = 0; child < count && found < width; child++) {
            survivor[found] = child;
            found += (keys[child] - limit - 1) >>> 31;
        }
        int kept = 0;
        for (int i = 0; i < found; i++) {
            int child = survivor[i];
            int state = childStates[child];
            int other = bestOf[state];
            if (other == NONE) {
                bestOf[state] = kept;
                survivor[kept++] = child;
            } else if (keys[child] < keys[survivor[other]]) {
                survivor[other] = child;
            }
        }
        return kept;
    }

    /** A loss that at most as many children reach as there may be paths, and not many fewer: by bisection of its bits. */
    private int limit(int count) {
        int low = keys[0];
        int high = low;
        for (int child = 0; child < count; child++) {
            low = Math.min(low, keys[child]);
            high = Math.max(high, keys[child]);
        }
        low--;
        while (count > width && high - low > 1) {
            int middle = low + (high - low) / 2;
            int reached = reached(count, middle);
            if (reached > width) {
                high = middle;
            } else if (reached < width - width / SLACK) {
                low = middle;
            } else {
                return middle;
            }
        }
        return high;
    }

    private int reached(int count, int limit) {
        int reached = 0;
        for (int child = 0; child < count; child++) {
            reached += (keys[child] - limit - 1) >>> 31;
        }
        return reached;
    }

    /** The child's weights in the strip: the parent's, less the column's error as it falls on the columns that follow. */
    private void descend(float[] parent, float[] child, int column, int at, float error) {
        int end = Math.min(STRIP_COLUMNS, at + columns - column);
        int row = column * columns + column - at;
        for (int c = at + 1; c < end; c++) {
            child[c] = parent[c] - error * upper[row + c];
        }
    }

    /** Carries the errors of a strip to all columns beyond, for the paths that are left. */
    private void spread(int start, int end, int paths) {
        for (int path = 0; path < paths; path++) {
            float[] target = nextWeights[path];
            System.arraycopy(weights[origins[path]], end, target, end, columns - end);
            for (int column = start; column < end; column++) {
                float error = errors[path][column - start];
                int row = column * columns;
                for (int c = end; c < columns; c++) {
                    target[c] -= error * upper[row + c];
                }
            }
        }
        float[][] old = weights;
        weights = nextWeights;
        nextWeights = old;
    }

    private void swap() {
        float[][] oldStrip = strip;
        strip = nextStrip;
        nextStrip = oldStrip;
        float[][] oldErrors = errors;
        errors = nextErrors;
        nextErrors = oldErrors;
        int[] oldOrigins = origins;
        origins = nextOrigins;
        nextOrigins = oldOrigins;
        int[] oldStates = states;
        states = nextStates;
        nextStates = oldStates;
        float[] oldLosses = losses;
        losses = nextLosses;
        nextLosses = oldLosses;
    }
}
