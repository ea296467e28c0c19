package org.mojave.engine.kernel;

import java.util.Locale;

/** How keys and values are kept between the steps of a sequence. */
public enum KeyValueType {
    /** Floats, as they were computed. */
    F32,
    /** Half floats; a value above 65504 becomes infinite, which makes the logits invalid and is noticed there. */
    F16,
    /** Whole numbers from −127 to 127; {@value #RUN} neighbours of a head share a scale, a float: 9 bits a value. */
    Q8;

    /** Neighbouring components that share a scale. */
    static final int RUN = 32;

    /** Bytes of one row: so many heads of so many components. */
    public long rowBytes(int heads, int dimension) {
        return switch (this) {
            case F32 -> (long) Float.BYTES * heads * dimension;
            case F16 -> (long) Short.BYTES * heads * dimension;
            case Q8 -> heads * (dimension + (long) Float.BYTES * Math.ceilDiv(dimension, RUN));
        };
    }

    /** As the option of the command line spells it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
