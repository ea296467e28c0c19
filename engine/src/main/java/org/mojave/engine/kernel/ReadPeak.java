package org.mojave.engine.kernel;

import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The fastest that a core can read memory: whole vectors, with enough independent sums to wait for nothing but memory. */
public final class ReadPeak {
    private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
    private static final int SUMS = 4;

    private ReadPeak() {}

    /** Reads all numbers on the calling thread; their sum must be used, so that the loop is not removed. */
    public static long sum(long[] numbers) {
        int lanes = LONGS.length();
        LongVector a = LongVector.zero(LONGS);
        LongVector b = a;
        LongVector c = a;
        LongVector d = a;
        int i = 0;
        for (; i <= numbers.length - SUMS * lanes; i += SUMS * lanes) {
            a = a.add(LongVector.fromArray(LONGS, numbers, i));
            b = b.add(LongVector.fromArray(LONGS, numbers, i + lanes));
            c = c.add(LongVector.fromArray(LONGS, numbers, i + 2 * lanes));
            d = d.add(LongVector.fromArray(LONGS, numbers, i + 3 * lanes));
        }
        long sum = a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
        for (; i < numbers.length; i++) {
            sum += numbers[i];
        }
        return sum;
    }
}
