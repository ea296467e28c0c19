package org.mojave.format.packed;

/**
 * A quantized matrix as plain arrays, before packing: {@code weight[r][c] = scale[r][g] · (step · code[r][c] − zero[r][g])} with the
 * scheme's step and g = c / {@code scheme.groupColumns(columns)}. The arrays are row-major and not copied: whoever builds the record
 * gives them away. Bytes are unsigned.
 *
 * @param scheme bits, group and symmetry
 * @param rows rows (output features)
 * @param columns columns (input features)
 * @param codes [rows, columns], at most {@code scheme.largestCode()}
 * @param scales [rows, groups]
 * @param zeros [rows, groups], at most {@code scheme.largestCode()}; empty if symmetric
 * @param units [rows], what six-bit scales are multiples of; else empty
 */
public record CodedMatrix(Scheme scheme, int rows, int columns, byte[] codes, float[] scales, byte[] zeros, float[] units) {
    public CodedMatrix {
        int groups = scheme.groups(columns);
        checkLength("codes", codes.length, (long) rows * columns);
        checkLength("scales", scales.length, (long) rows * groups);
        checkLength("zeros", zeros.length, scheme.symmetric() ? 0 : (long) rows * groups);
        checkLength("units", units.length, scheme.sixBitScales() ? rows : 0);
        checkRange("code", codes, scheme.largestCode());
        checkRange("zero", zeros, scheme.largestCode());
    }

    /** With float16 scales. */
    public CodedMatrix(Scheme scheme, int rows, int columns, byte[] codes, float[] scales, byte[] zeros) {
        this(scheme, rows, columns, codes, scales, zeros, new float[0]);
    }

    private static void checkLength(String what, int length, long expected) {
        if (length != expected) {
            throw new IllegalArgumentException("expected " + expected + " " + what + ", got " + length);
        }
    }

    private static void checkRange(String what, byte[] values, int largest) {
        for (int i = 0; i < values.length; i++) {
            if ((values[i] & 0xff) > largest) {
                throw new IllegalArgumentException(what + " " + (values[i] & 0xff) + " at " + i + " is above " + largest);
            }
        }
    }

    /** Where the packed form of this matrix puts things. */
    public PackedLayout layout() {
        return new PackedLayout(scheme, rows, columns);
    }

    /** Zero of a group of a row. */
    public int zero(int row, int group) {
        return scheme.symmetric() ? scheme.symmetricZero() : zeros[row * scheme.groups(columns) + group] & 0xff;
    }

    /** The weight that a code stands for. */
    public float weight(int row, int column) {
        return weight(row, column, column / scheme.groupColumns(columns));
    }

    /** As {@link #weight(int, int)}, with scale and zero of that group of the row. */
    public float weight(int row, int column, int group) {
        int code = codes[row * columns + column] & 0xff;
        int value = scheme.trellis() ? Trellis.value(state(row, column), scheme.bits()) : scheme.step() * code - zero(row, group);
        return scales[row * scheme.groups(columns) + group] * value;
    }

    /** What the register holds at a column: the codes up to it that fit in. */
    private int state(int row, int column) {
        int state = 0;
        for (int c = Math.max(0, column - Math.ceilDiv(Trellis.STATE_BITS, scheme.bits()) + 1); c <= column; c++) {
            state = Trellis.next(state, codes[row * columns + c] & 0xff, scheme.bits());
        }
        return state;
    }
}
