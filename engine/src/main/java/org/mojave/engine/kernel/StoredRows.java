package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;

/**
 * Keys or values of one layer in a {@link KeyValueType}: rows of {@code heads · dimension} components. A row is stored by itself, so what
 * is read does not depend on what was written together. Not safe for use by several threads while it is written or resized.
 *
 * <p>Example: {@code rows.resize(64, 0); rows.write(0, keys, 0, 3); rows.read(2, 0, 3, headTwo)}.
 */
public final class StoredRows {
    /** Below this all of a run is 0. */
    private static final float SMALLEST = 1e-30f;
    private static final float LARGEST_CODE = 127;

    private final KeyValueType type;
    private final int heads;
    private final int dimension;
    /** The components [rows, heads · dimension], or the scales [rows, heads, runs]. */
    private float[] floats = {};
    private short[] halves = {};
    private byte[] codes = {};
    private int rows;

    /** No rows yet. */
    public StoredRows(KeyValueType type, int heads, int dimension) {
        if (heads < 1 || dimension < 1) {
            throw new IllegalArgumentException("no rows of " + heads + " heads of " + dimension + " components");
        }
        this.type = type;
        this.heads = heads;
        this.dimension = dimension;
    }

    /** How they are stored. */
    public KeyValueType type() {
        return type;
    }

    /** Components of one head. */
    int dimension() {
        return dimension;
    }

    /** Heads in a row. */
    int heads() {
        return heads;
    }

    /** Components of a row. */
    public int width() {
        return heads * dimension;
    }

    /** Scales of one head. */
    int runs() {
        return Math.ceilDiv(dimension, KeyValueType.RUN);
    }

    /** Rows there is room for. */
    public int rows() {
        return rows;
    }

    /** Makes room for so many rows and keeps the first {@code kept}. */
    public void resize(int newRows, int kept) {
        Objects.checkIndex(kept, Math.min(rows, newRows) + 1);
        int components = Math.multiplyExact(newRows, width());
        switch (type) {
            case F32 -> floats = moved(floats, components, kept * width());
            case F16 -> {
                short[] old = halves;
                halves = new short[components];
                System.arraycopy(old, 0, halves, 0, kept * width());
            }
            case Q8 -> {
                byte[] old = codes;
                codes = new byte[components];
                System.arraycopy(old, 0, codes, 0, kept * width());
                floats = moved(floats, newRows * heads * runs(), kept * heads * runs());
            }
        }
        rows = newRows;
    }

    private static float[] moved(float[] old, int length, int kept) {
        float[] moved = new float[length];
        System.arraycopy(old, 0, moved, 0, kept);
        return moved;
    }

    /** Takes {@code count} rows of {@code source}, one behind the other from {@code offset} on, as rows {@code first …}. */
    public void write(int first, float[] source, int offset, int count) {
        Objects.checkFromIndexSize(first, count, rows);
        Objects.checkFromIndexSize(offset, count * width(), source.length);
        int start = first * width();
        switch (type) {
            case F32 -> System.arraycopy(source, offset, floats, start, count * width());
            case F16 -> {
                for (int i = 0; i < count * width(); i++) {
                    halves[start + i] = Float.floatToFloat16(source[offset + i]);
                }
            }
            case Q8 -> {
                for (int head = 0; head < count * heads; head++) {
                    for (int run = 0; run < runs(); run++) {
                        int column = run * KeyValueType.RUN;
                        floats[first * heads * runs() + head * runs() + run] = round(source, offset + head * dimension + column,
                                start + head * dimension + column, Math.min(KeyValueType.RUN, dimension - column));
                    }
                }
            }
        }
    }

    /** Rounds one run and returns its scale; what is not finite makes it NaN. */
    private float round(float[] source, int from, int to, int count) {
        float largest = 0;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, Math.abs(source[from + i]));
        }
        if (!(largest < Float.POSITIVE_INFINITY)) {
            return Float.NaN;
        }
        if (largest < SMALLEST) {
            Arrays.fill(codes, to, to + count, (byte) 0);
            return 0;
        }
        float inverse = LARGEST_CODE / largest;
        for (int i = 0; i < count; i++) {
            codes[to + i] = (byte) Math.rint(source[from + i] * inverse);
        }
        return largest / LARGEST_CODE;
    }

    /** Takes rows {@code first … end−1} of another of the same form. */
    public void copy(StoredRows other, int first, int end) {
        if (other.type != type || other.heads != heads || other.dimension != dimension) {
            throw new IllegalArgumentException("rows of another form");
        }
        Objects.checkFromToIndex(first, end, Math.min(rows, other.rows));
        int start = first * width();
        int count = (end - first) * width();
        switch (type) {
            case F32 -> System.arraycopy(other.floats, start, floats, start, count);
            case F16 -> System.arraycopy(other.halves, start, halves, start, count);
            case Q8 -> {
                System.arraycopy(other.codes, start, codes, start, count);
                System.arraycopy(other.floats, first * heads * runs(), floats, first * heads * runs(), (end - first) * heads * runs());
            }
        }
    }

    /** All components [rows, heads · dimension], shared; only of {@link KeyValueType#F32}. */
    public float[] floats() {
        if (type != KeyValueType.F32) {
            throw new IllegalStateException("stored as " + type);
        }
        return floats;
    }

    /** One component: the reference of {@link #read} and of the native kernels. */
    float value(int row, int head, int column) {
        int index = row * width() + head * dimension + column;
        return switch (type) {
            case F32 -> floats[index];
            case F16 -> Float.float16ToFloat(halves[index]);
            case Q8 -> codes[index] * floats[(row * heads + head) * runs() + column / KeyValueType.RUN];
        };
    }

    /** Decodes one head of rows {@code first … first+count−1} to {@code target} [count, dimension]. */
    public void read(int head, int first, int count, float[] target) {
        Objects.checkIndex(head, heads);
        Objects.checkFromIndexSize(first, count, rows);
        for (int r = 0; r < count; r++) {
            int from = (first + r) * width() + head * dimension;
            int to = r * dimension;
            switch (type) {
                case F32 -> System.arraycopy(floats, from, target, to, dimension);
                case F16 -> {
                    for (int c = 0; c < dimension; c++) {
                        target[to + c] = Float.float16ToFloat(halves[from + c]);
                    }
                }
                case Q8 -> scaled(((first + r) * heads + head) * runs(), from, target, to);
            }
        }
    }

    private void scaled(int scale, int from, float[] target, int to) {
        for (int c = 0; c < dimension; c += KeyValueType.RUN) {
            float factor = floats[scale + c / KeyValueType.RUN];
            for (int i = c; i < Math.min(dimension, c + KeyValueType.RUN); i++) {
                target[to + i] = codes[from + i] * factor;
            }
        }
    }

    /** For the native kernels: components from that row and head on. */
    MemorySegment components(int row, int head) {
        long index = (long) row * width() + (long) head * dimension;
        return switch (type) {
            case F32 -> MemorySegment.ofArray(floats).asSlice(Float.BYTES * index);
            case F16 -> MemorySegment.ofArray(halves).asSlice(Short.BYTES * index);
            case Q8 -> MemorySegment.ofArray(codes).asSlice(index);
        };
    }

    /** For the native kernels: scales from that row and head on; nothing where there are none. */
    MemorySegment scales(int row, int head) {
        return type == KeyValueType.Q8 ? MemorySegment.ofArray(floats).asSlice(Float.BYTES * ((long) row * heads + head) * runs())
                : MemorySegment.NULL;
    }
}
