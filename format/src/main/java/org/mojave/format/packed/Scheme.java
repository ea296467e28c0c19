package org.mojave.format.packed;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How the codes of one matrix are stored: {@code weight = scale · (step · code − zero)}, step being 1 but for binary codes, with one scale (and, if not symmetric,
 * one zero) for every {@code groupSize} neighbouring columns of a row.
 *
 * <p>Example: {@code Scheme.parse("4g128s")} is 4 bits, groups of 128, symmetric; {@code 2g64s6} has six-bit scales,
 * {@code 2g128t6} and a {@link Trellis} besides, {@code 1g128b} is plus or minus the scale.
 *
 * @param bits bits of a code: 1, 2, 3, 4, 5, 6 or 8
 * @param groupSize columns that share a scale: 32, 64 or 128, or {@link #WHOLE_ROW}
 * @param symmetric whether the zero is the constant {@code 2^(bits−1)} and therefore not stored
 * @param sixBitScales whether a group's scale is a six-bit multiple of a float16 unit that its row has: −32 … 31 if symmetric and no trellis,
 *     else 0 … 63; else it is a float16 itself
 * @param trellis whether {@code weight = scale · value} with the values of a {@link Trellis}; needs a symmetric scheme of at most 4 bits
 * @param binary whether codes 0 and 1 stand for −scale and scale; a symmetric scheme of one bit with float16 scales. (Symmetric codes of one
 *     bit that are not binary stand for −scale and 0.)
 */
public record Scheme(int bits, int groupSize, boolean symmetric, boolean sixBitScales, boolean trellis, boolean binary) {
    /** Group size that stands for the whole row. */
    public static final int WHOLE_ROW = 0;

    private static final Pattern ID = Pattern.compile("([1-8])(?:g(\\d{1,4})|row)([satb])(6?)");

    public Scheme {
        if (bits < 1 || bits > 8 || bits == 7) {
            throw new IllegalArgumentException("bits must be 1, 2, 3, 4, 5, 6 or 8, not " + bits);
        }
        if (trellis && (!symmetric || bits > 4)) {
            throw new IllegalArgumentException("a trellis has 1 to 4 bits and no zero points, not " + bits + " bits");
        }
        if (binary && (bits != 1 || !symmetric || trellis || sixBitScales)) {
            throw new IllegalArgumentException("binary codes have one bit and float16 scales, not " + bits + " bits" + (trellis ? " and a trellis" : "")
                    + (sixBitScales ? " and six-bit scales" : ""));
        }
        if (groupSize == WHOLE_ROW && sixBitScales) {
            throw new IllegalArgumentException("a row with one scale has no use for six-bit scales");
        }
        if (groupSize != WHOLE_ROW && groupSize != 32 && groupSize != 64 && groupSize != 128) {
            throw new IllegalArgumentException("group size must be 32, 64, 128 or row, not " + groupSize);
        }
    }

    /** Codes that are not binary. */
    public Scheme(int bits, int groupSize, boolean symmetric, boolean sixBitScales, boolean trellis) {
        this(bits, groupSize, symmetric, sixBitScales, trellis, false);
    }

    /** With float16 scales. */
    public Scheme(int bits, int groupSize, boolean symmetric) {
        this(bits, groupSize, symmetric, false, false);
    }

    /** Without a trellis. */
    public Scheme(int bits, int groupSize, boolean symmetric, boolean sixBitScales) {
        this(bits, groupSize, symmetric, sixBitScales, false);
    }

    /** Whether six-bit scales can be negative, which helps where one side of the zero has a code more. */
    public boolean signedScales() {
        return symmetric && !trellis;
    }

    /** Largest six-bit multiple that a scale can be; the smallest is 0, or −32 if {@linkplain #signedScales() signed}. */
    public int largestMultiple() {
        return signedScales() ? 31 : 63;
    }

    /** Largest code, {@code 2^bits − 1}. */
    public int largestCode() {
        return (1 << bits) - 1;
    }

    /** What a code is multiplied by before the zero is taken off: 2 for binary codes, else 1. */
    public int step() {
        return binary ? 2 : 1;
    }

    /** The zero of a symmetric scheme, {@code 2^(bits−1)}. */
    public int symmetricZero() {
        return 1 << (bits - 1);
    }

    /** Columns that share a scale in a matrix with that many columns. */
    public int groupColumns(int columns) {
        return groupSize == WHOLE_ROW ? columns : groupSize;
    }

    /** Groups in a row of that many columns; the last one may be shorter. */
    public int groups(int columns) {
        int size = groupColumns(columns);
        return (columns + size - 1) / size;
    }

    /** The spelling in files and reports: bits, group, {@code s}, {@code a}, {@code t} or {@code b}, {@code 6} for six-bit scales; e.g. {@code 3rowa}. */
    public String id() {
        return bits + (groupSize == WHOLE_ROW ? "row" : "g" + groupSize) + (trellis ? "t" : binary ? "b" : symmetric ? "s" : "a") + (sixBitScales ? "6" : "");
    }

    /** Reads {@link #id()}; throws IllegalArgumentException that quotes the text. */
    public static Scheme parse(String id) {
        Matcher matcher = ID.matcher(id);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not a scheme: '" + id + "' (expected e.g. 4g128s)");
        }
        int group = matcher.group(2) == null ? WHOLE_ROW : Integer.parseInt(matcher.group(2));
        return new Scheme(Integer.parseInt(matcher.group(1)), group, !matcher.group(3).equals("a"),
                !matcher.group(4).isEmpty(), matcher.group(3).equals("t"), matcher.group(3).equals("b"));
    }
}
