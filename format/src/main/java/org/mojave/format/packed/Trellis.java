package org.mojave.format.packed;

/**
 * The codebook of trellis schemes (trellis-coded quantization, Marcellin and Fischer 1990; with a shift register for a trellis as in
 * QTIP, Tseng et al. 2024). The codes of a row run through a register of {@value #STATE_BITS} bits: each pushes its bits in from below,
 * and the register picks one of {@value #STATES} values. So a code of 2 bits chooses among 4 values, but other 4 for every past,
 * and a search over whole rows finds sequences that lie closer to the weights than any scale with 4 steps could. The register is 0
 * before the first column.
 */
public final class Trellis {
    /** Bits of the register. */
    public static final int STATE_BITS = 12;
    /** Values that it can have. */
    public static final int STATES = 1 << STATE_BITS;
    /** The values are about this many standard deviations' worth of whole numbers: weight = scale · value. */
    public static final float DEVIATION = 34;

    private static final byte[] VALUES = values();

    private Trellis() {}

    /** Normally distributed whole numbers, the quantiles of a normal distribution in an order that mixes all bits. */
    private static byte[] values() {
        byte[] values = new byte[STATES];
        for (int state = 0; state < STATES; state++) {
            int mixed = mixed(state);
            values[state] = (byte) Math.clamp(Math.round(DEVIATION * quantile((mixed + 0.5) / STATES)), -127, 127);
        }
        return values;
    }

    /** A one-to-one mixture of the register's bits: multiplications by odd numbers and shifts, all within its width. */
    private static int mixed(int state) {
        int mask = STATES - 1;
        int mixed = (state * 0x6D5) & mask;
        mixed ^= mixed >>> 5;
        mixed = (mixed * 0xB1B) & mask;
        mixed ^= mixed >>> 7;
        mixed = (mixed * 0x3A7) & mask;
        return mixed ^ (mixed >>> 6);
    }

    /** The value of a register state. */
    public static int value(int state) {
        return VALUES[state];
    }

    /** The state after one more code of so many bits. */
    public static int next(int state, int code, int bits) {
        return ((state << bits) | code) & (STATES - 1);
    }

    /**
     * Quantile of the standard normal distribution, by bisection of its distribution function (series of Marsaglia 2004); exact enough
     * for whole numbers, and the same on every machine.
     */
    private static double quantile(double probability) {
        double low = -6;
        double high = 6;
        for (int step = 0; step < 60; step++) {
            double middle = (low + high) / 2;
            if (distribution(middle) < probability) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }

    private static double distribution(double x) {
        double sum = x;
        double term = x;
        for (int i = 3; i < 300 && Math.abs(term) > 1e-17; i += 2) {
            term *= x * x / i;
            sum += term;
        }
        return 0.5 + sum * StrictMath.exp(-x * x / 2) / StrictMath.sqrt(2 * Math.PI);
    }
}
