package org.mojave.engine.run;

import java.util.Arrays;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.StoredRows;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.ModelSpec;

/**
 * Keys and values of one sequence, per layer [positions, key-value heads · dimension] in a {@link KeyValueType}, and the tokens themselves.
 * Grows by doubling up to its capacity. Not safe for use by several threads.
 */
public final class KvCache {
    private static final int FIRST_POSITIONS = 64;

    private final int capacity;
    private final StoredRows[] keys;
    private final StoredRows[] values;
    private int[] tokens = new int[FIRST_POSITIONS];
    private int length;

    /** An empty cache of floats for at most {@code capacity} positions. */
    public KvCache(ModelSpec spec, int capacity) {
        this(spec, capacity, KeyValueType.F32);
    }

    /** An empty cache for at most {@code capacity} positions that stores keys and values in that way. */
    public KvCache(ModelSpec spec, int capacity, KeyValueType type) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity must be at least 1, not " + capacity);
        }
        this.capacity = capacity;
        int layers = spec.layers().size();
        keys = new StoredRows[layers];
        values = new StoredRows[layers];
        for (int layer = 0; layer < layers; layer++) {
            Attention attention = spec.layer(layer).attention();
            keys[layer] = new StoredRows(type, attention.keyValueHeads(), attention.keyDimension());
            values[layer] = new StoredRows(type, attention.keyValueHeads(), attention.valueDimension());
        }
    }

    /** Positions held. */
    public int length() {
        return length;
    }

    /** Most positions that can be held. */
    public int capacity() {
        return capacity;
    }

    /** Bytes that a cache of that model needs for {@code positions} positions. */
    public static long bytes(ModelSpec spec, int positions, KeyValueType type) {
        return positions * spec.layers().stream().map(layer -> layer.attention()).mapToLong(attention ->
                type.rowBytes(attention.keyValueHeads(), attention.keyDimension())
                        + type.rowBytes(attention.keyValueHeads(), attention.valueDimension())).sum();
    }

    /** The tokens held, oldest first. */
    public int[] tokens() {
        return Arrays.copyOf(tokens, length);
    }

    /** Forgets all positions from {@code length} on. */
    public void truncate(int newLength) {
        if (newLength < 0 || newLength > length) {
            throw new IllegalArgumentException("cannot cut " + length + " positions to " + newLength);
        }
        length = newLength;
    }

    /**
     * Becomes a copy of another branch of the same text, or of any sequence where this one is empty. Only what follows the tokens that both
     * begin with is moved: of two sequences that were computed apart, the common part may differ in its last bits.
     */
    public void copyFrom(KvCache other) {
        int common = Arrays.mismatch(tokens, 0, length, other.tokens, 0, other.length);
        if (common < 0) {
            return;
        }
        length = common;
        reserve(other.length - common);
        for (int layer = 0; layer < keys.length; layer++) {
            keys[layer].copy(other.keys[layer], common, other.length);
            values[layer].copy(other.values[layer], common, other.length);
        }
        System.arraycopy(other.tokens, common, tokens, common, other.length - common);
        length = other.length;
    }

    /** Takes the memory of all positions now, so that it never grows: nothing is copied, and no old memory waits for the collector meanwhile. */
    void takeAll() {
        reserve(capacity - length);
    }

    /** Makes room for more positions; throws IllegalArgumentException beyond the capacity. */
    void reserve(int more) {
        if (more > capacity - length) {
            throw new IllegalArgumentException("the sequence would reach " + ((long) length + more) + " tokens, more than the "
                    + capacity + " that its cache may hold; shorten the prompt or the answer");
        }
        int needed = length + more;
        for (int layer = 0; layer < keys.length; layer++) {
            grow(keys[layer], needed);
            grow(values[layer], needed);
        }
        if (tokens.length < needed) {
            tokens = Arrays.copyOf(tokens, Math.max(needed, 2 * tokens.length));
        }
    }

    private void grow(StoredRows rows, int positions) {
        if (rows.rows() < positions) {
            int doubled = (int) Math.min(capacity, Math.max(positions, Math.max(FIRST_POSITIONS, 2L * rows.rows())));
            rows.resize(doubled, Math.min(rows.rows(), length));
        }
    }

    /** Takes new tokens whose keys and values every layer has written behind {@link #length()}. */
    void advance(int[] newTokens) {
        System.arraycopy(newTokens, 0, tokens, length, newTokens.length);
        length += newTokens.length;
    }

    StoredRows keys(int layer) {
        return keys[layer];
    }

    StoredRows values(int layer) {
        return values[layer];
    }
}
