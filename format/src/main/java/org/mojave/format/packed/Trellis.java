package org.mojave.format.packed;

/**
 * The codebook of trellis schemes (trellis-coded quantization, Marcellin and Fischer 1990; with a shift register for a trellis as in
 * QTIP, Tseng et al. 2024). The codes of a row run through a register of {@value #STATE_BITS} bits: each pushes its bits in from below,
 * and the register picks one of {@value #LEVELS} values. So a code of 2 bits chooses among 4 values, but other 4 for every past,
 * and a search over whole rows finds sequences that lie closer to the weights than any scale with 4 steps could. The register is 0
 * before the first column.
 *
 * <p>Which value: the young half of the register, exclusive or a linear mixture of the old half. The bits of the last code lead in the
 * rank of the value, so that the values to choose from are spread evenly (set partitioning, Ungerboeck 1982), and the bits before them
 * shift all of these. Two tables of 64 bytes therefore make 64 weights at once with a handful of vector instructions. The mixture is
 * the best of 150 random ones: with all paths kept it leaves 0.0677 of the variance of normal weights at 2 bits (a register that picks
 * from {@value #STATES} random values leaves 0.0714, the bound is 0.0625, one scale with 4 steps leaves 0.118).
 */
public final class Trellis {
    /** Bits of the register. */
    public static final int STATE_BITS = 12;
    /** Values that it can have. */
    public static final int STATES = 1 << STATE_BITS;
    /** Values that it picks from, and states of half a register. */
    public static final int LEVELS = 64;
    /** The values are about this many standard deviations' worth of whole numbers: weight = scale · value. */
    public static final float DEVIATION = 52;

    private static final int HALF_BITS = STATE_BITS / 2;
    /** What each bit of the old half, lowest first, flips in the young half. */
    private static final int[] MIXTURE = {26, 58, 50, 25, 5, 27};
    private static final byte[] QUANTILES = quantiles();

    private Trellis() {}

    /** Normally distributed whole numbers in order: quantiles of a normal distribution. */
    private static byte[] quantiles() {
        byte[] values = new byte[LEVELS];
        for (int rank = 0; rank < LEVELS; rank++) {
            values[rank] = (byte) Math.round(DEVIATION * quantile((rank + 0.5) / LEVELS));
        }
        return values;
    }

    /** What an old half of the register flips in the young half. */
    public static int mixture(int oldHalf) {
        int flipped = 0;
        for (int bit = 0; bit < HALF_BITS; bit++) {
            flipped ^= ((oldHalf >>> bit) & 1) * MIXTURE[bit];
        }
        return flipped;
    }

    /** The value of a mixed young half, for codes of so many bits; −127 to 127. */
    public static int level(int mixed, int bits) {
        int rank = ((mixed << (HALF_BITS - bits)) | (mixed >>> bits)) & (LEVELS - 1);
        return QUANTILES[rank];
    }

    /** The value of a register state, for codes of so many bits. */
    public static int value(int state, int bits) {
        return level((state & (LEVELS - 1)) ^ mixture(state >>> HALF_BITS), bits);
    }

    /** The values of all states, for codes of so many bits. */
    public static float[] values(int bits) {
        float[] values = new float[STATES];
        for (int state = 0; state < STATES; state++) {
            values[state] = value(state, bits);
        }
        return values;
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
