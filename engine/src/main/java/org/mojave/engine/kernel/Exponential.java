package org.mojave.engine.kernel;

/** exp in float32, within 2 ulp of the exact value, several times faster than {@link Math#exp}; for softmax and sigmoid. */
public final class Exponential {
    private static final float LOG2_E = 1.442695f;
    private static final float LN2_HIGH = 6.933594e-1f;
    private static final float LN2_LOW = -2.1219444e-4f;
    /** Adding and subtracting 1.5 · 2^23 rounds to a whole number. */
    private static final float ROUND = 12582912f;
    private static final float LARGEST = 88f;
    private static final float SMALLEST = -87f;

    private Exponential() {}

    /** e^x; below e^−87 exactly 0. Cephes' expf: x = n·ln 2 + r, polynomial in r. */
    public static float exp(float x) {
        if (x < SMALLEST) {
            return 0;
        }
        if (x > LARGEST) {
            return (float) Math.exp(x);
        }
        float shifted = x * LOG2_E + ROUND;
        float n = shifted - ROUND;
        float r = x - n * LN2_HIGH - n * LN2_LOW;
        float p = 1.9875691e-4f;
        p = p * r + 1.3981999e-3f;
        p = p * r + 8.333452e-3f;
        p = p * r + 4.1665796e-2f;
        p = p * r + 1.6666666e-1f;
        p = p * r + 5e-1f;
        p = p * r * r + r + 1;
        return p * Float.intBitsToFloat(((int) n + 127) << 23);
    }

    /** 1 / (1 + e^−x). */
    public static float sigmoid(float x) {
        return 1 / (1 + exp(-x));
    }
}
