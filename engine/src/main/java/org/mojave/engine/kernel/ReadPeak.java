package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The fastest that a core can read memory: whole vectors, with enough independent sums to wait for nothing but memory. */
public final class ReadPeak {
    private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
    private static final int SUMS = 4;

    private ReadPeak() {}

    /** Reads all whole 64-bit numbers of a segment on the calling thread; their sum must be used, so that the loop is not removed. */
    public static long sum(MemorySegment numbers) {
        long step = LONGS.vectorByteSize();
        LongVector a = LongVector.zero(LONGS);
        LongVector b = a;
        LongVector c = a;
        LongVector d = a;
        long at = 0;
        for (; at <= numbers.byteSize() - SUMS * step; at += SUMS * step) {
            a = a.add(LongVector.fromMemorySegment(LONGS, numbers, at, ByteOrder.nativeOrder()));
            b = b.add(LongVector.fromMemorySegment(LONGS, numbers, at + step, ByteOrder.nativeOrder()));
            c = c.add(LongVector.fromMemorySegment(LONGS, numbers, at + 2 * step, ByteOrder.nativeOrder()));
            d = d.add(LongVector.fromMemorySegment(LONGS, numbers, at + 3 * step, ByteOrder.nativeOrder()));
        }
        long sum = a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
        for (; at <= numbers.byteSize() - Long.BYTES; at += Long.BYTES) {
            sum += numbers.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
        }
        return sum;
    }
}
