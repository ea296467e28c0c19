package org.mojave.engine.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The most float32 operations a core can do: fused multiply-adds in registers, with enough independent sums to hide their
 * latency. Measured next to a kernel it says what share of the machine the kernel uses.
 */
public final class FloatPeak {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final int SUMS = 12;

    private FloatPeak() {}

    /** Runs the loop that many times on the calling thread; the result must be used, so that the loop is not removed. */
    public static float run(int iterations) {
        FloatVector x = FloatVector.broadcast(FLOATS, 0.999f);
        FloatVector y = FloatVector.broadcast(FLOATS, 0.001f);
        FloatVector s0 = y, s1 = x, s2 = y, s3 = x, s4 = y, s5 = x, s6 = y, s7 = x, s8 = y, s9 = x, s10 = y, s11 = x;
        for (int i = 0; i < iterations; i++) {
            s0 = s0.fma(x, y);
            s1 = s1.fma(x, y);
            s2 = s2.fma(x, y);
            s3 = s3.fma(x, y);
            s4 = s4.fma(x, y);
            s5 = s5.fma(x, y);
            s6 = s6.fma(x, y);
            s7 = s7.fma(x, y);
            s8 = s8.fma(x, y);
            s9 = s9.fma(x, y);
            s10 = s10.fma(x, y);
            s11 = s11.fma(x, y);
        }
        FloatVector sum = s0.add(s1).add(s2.add(s3)).add(s4.add(s5)).add(s6.add(s7)).add(s8.add(s9)).add(s10.add(s11));
        return LaneSum.of(sum);
    }

    /** Multiplications and additions of {@link #run}. */
    public static long operations(int iterations) {
        return 2L * SUMS * FLOATS.length() * iterations;
    }
}
