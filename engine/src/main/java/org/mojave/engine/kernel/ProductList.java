package org.mojave.engine.kernel;

import java.util.ArrayList;
import java.util.List;

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

    /** One product. */
    record Entry(Matrix w, Input input, Block y) {}

    private final List<Input> inputs = new ArrayList<>();
    private final List<Entry> entries = new ArrayList<>();
    private int inputCount;
    private boolean independent;

    /**
     * Whether each token's results must be those that it would have alone, to the bit, from now on. Else products of many tokens may be
     * computed faster, in another order.
     */
    public void independent(boolean tokensAre) {
        independent = tokensAre;
    }

    /** Whether each token is computed as if it were alone. */
    boolean independent() {
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
        entries.add(new Entry(w, input(x, tokens, w.columns()), y));
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
