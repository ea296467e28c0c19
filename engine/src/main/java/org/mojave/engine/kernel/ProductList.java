package org.mojave.engine.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.mojave.format.packed.PackedLayout;

/**
 * Products {@code y = x · Wᵀ} that do not depend on each other, to be computed in one go by a {@link ProductPath}: workers
 * then wait for each other once, and matrices with the same activations share their rounding. Reused: {@link #clear} keeps
 * the memory. For one thread at a time.
 *
 * <p>Example: {@code list.clear(); list.add(gate, x, 1, a); list.add(up, x, 1, b); path.multiply(list, workers);}
 */
public final class ProductList {
    /** Activations of one or more products, [tokens, columns], and their rounded forms by group: 32, 64, 128 columns, and for GGUF blocks. */
    static final class Input {
        private final QuantizedActivations[] quantized = new QuantizedActivations[3];
        private final GgufActivations forGguf = new GgufActivations();
        private Block x;
        private int tokens;
        private int columns;
        private int groups;
        private boolean ggufRequested;

        private void set(Block newX, int newTokens, int newColumns) {
            x = newX;
            tokens = newTokens;
            columns = newColumns;
        }

        /** The same array's same part: a block equals another by the identity of its array. */
        private boolean is(Block other, int otherTokens, int otherColumns) {
            return x.equals(other) && tokens == otherTokens && columns == otherColumns;
        }

        Block x() {
            return x;
        }

        int tokens() {
            return tokens;
        }

        /** Forgets what was requested: the activations may have changed. */
        void forget() {
            groups = 0;
            ggufRequested = false;
        }

        /** The rounded form in groups of that size, which was requested before. */
        QuantizedActivations quantized(int group) {
            return quantized[index(group)];
        }

        /** Notes that a rounded form is needed; true the first time. */
        boolean request(int group) {
            int i = index(group);
            if ((groups >> i & 1) == 1) {
                return false;
            }
            groups |= 1 << i;
            if (quantized[i] == null) {
                quantized[i] = new QuantizedActivations();
            }
            quantized[i].reshape(tokens, columns, group);
            return true;
        }

        /** The form for GGUF blocks, which was requested before. */
        GgufActivations forGguf() {
            return forGguf;
        }

        /** Notes that the form for GGUF blocks is needed; true the first time. */
        boolean requestForGguf() {
            if (ggufRequested) {
                return false;
            }
            ggufRequested = true;
            forGguf.reshape(tokens, columns);
            return true;
        }

        private static int index(int group) {
            return group == 32 ? 0 : group == 64 ? 1 : 2;
        }
    }

    /** One product; {@code tiles}: the blocks of 16 rows that are wanted of one token's product with zeros, or null. */
    record Entry(Matrix w, Input input, Block y, int[] tiles) {
        boolean sparse() {
            return tiles != null;
        }

        /** Sets the rows that are not wanted to zero. */
        void clearOthers() {
            int done = 0;
            for (int tile : tiles) {
                Arrays.fill(y.values(), y.offset() + done, y.offset() + tile * PackedLayout.TILE_ROWS, 0);
                done = Math.min(w.rows(), (tile + 1) * PackedLayout.TILE_ROWS);
            }
            Arrays.fill(y.values(), y.offset() + done, y.offset() + w.rows(), 0);
        }
    }

    private static final int USUAL_UNIT = 8;

    private final List<Input> inputs = new ArrayList<>();
    private final List<Entry> entries = new ArrayList<>();
    private int inputCount;
    private boolean independent;
    private long sparedBytes;

    /**
     * Whether each token's results must be those that it would have alone, to the bit, from now on. Else products of many tokens may be
     * computed faster, in another order.
     */
    public void independent(boolean tokensAre) {
        independent = tokensAre;
    }

    /** Whether each token is computed as if it were alone. */
    public boolean independent() {
        return independent;
    }

    /** Forgets the products. */
    public void clear() {
        entries.clear();
        inputCount = 0;
    }

    /**
     * Adds {@code y = x · Wᵀ}.
     *
     * @param x [tokens, W.columns], without gaps between rows; must stay as it is until the list has been computed
     * @param y [tokens, W.rows], without gaps between rows; must not overlap with another product's
     */
    public void add(Matrix w, Block x, int tokens, Block y) {
        x.check(tokens, w.columns());
        y.check(tokens, w.rows());
        if (x.stride() != w.columns() || y.stride() != w.rows()) {
            throw new IllegalArgumentException("rows must follow each other: " + w.columns() + " and " + w.rows() + " floats, not "
                    + x.stride() + " and " + y.stride());
        }
        entries.add(new Entry(w, input(x, tokens, w.columns()), y, null));
    }

    /**
     * Adds {@code y = x · Wᵀ} for one token of whose activations many are zero, or of whose results not all are wanted: paths read of W
     * what they must and no more than they can help. Where exactly zeros lie changes no result.
     *
     * @param x [1, W.columns]; must stay as it is until the list has been computed
     * @param tiles blocks of 16 rows that are wanted, ascending; the rows of others become 0. Must stay as it is until then, too
     * @param y [1, W.rows]; must not overlap with another product's
     */
    public void addSparse(Matrix w, Block x, int[] tiles, Block y) {
        x.check(1, w.columns());
        y.check(1, w.rows());
        int last = -1;
        for (int tile : tiles) {
            if (tile <= last || tile >= Math.ceilDiv(w.rows(), PackedLayout.TILE_ROWS)) {
                throw new IllegalArgumentException("block " + tile + " after " + last + " is none of a matrix of " + w.rows() + " rows");
            }
            last = tile;
        }
        Entry entry = new Entry(w, input(x, 1, w.columns()), y, tiles);
        entry.clearOthers();
        entries.add(entry);
    }

    /** Columns of the smallest block whose bytes a sparse product may leave unread; of storage of which all is read, blocks to count in. */
    public static int unitColumns(Matrix w) {
        int columns = w instanceof PackedMatrix packed ? SparseUnits.columns(packed.scheme()) : 0;
        return columns == 0 ? USUAL_UNIT : columns;
    }

    /** Bytes of the matrices of sparse products that were not read, from the beginning. */
    public long sparedBytes() {
        return sparedBytes;
    }

    /** Counts bytes that a sparse product did not read. */
    void spare(long bytes) {
        sparedBytes += bytes;
    }

    /** The last one if it is the same: products with one input are added one after the other. */
    private Input input(Block x, int tokens, int columns) {
        if (inputCount > 0 && inputs.get(inputCount - 1).is(x, tokens, columns)) {
            return inputs.get(inputCount - 1);
        }
        if (inputCount == inputs.size()) {
            inputs.add(new Input());
        }
        Input input = inputs.get(inputCount++);
        input.set(x, tokens, columns);
        return input;
    }

    /** Forgets the rounded forms of all activations: they may have changed. */
    void forgetRounded() {
        inputs.subList(0, inputCount).forEach(Input::forget);
    }

    /** Products. */
    public int size() {
        return entries.size();
    }

    /** Bytes of the rounded activations kept. */
    public long bytes() {
        long sum = 0;
        for (Input input : inputs) {
            sum += input.forGguf.bytes();
            for (QuantizedActivations quantized : input.quantized) {
                sum += quantized == null ? 0 : quantized.bytes();
            }
        }
        return sum;
    }

    Entry get(int index) {
        return entries.get(index);
    }
}
