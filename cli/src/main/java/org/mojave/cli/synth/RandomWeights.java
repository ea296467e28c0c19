package org.mojave.cli.synth;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.mojave.format.tensor.FloatDecoder;

/**
 * Normally distributed bfloat16 weights that depend only on seed, tensor name and position, so that pieces can be made in
 * any order by any thread. Sixteen random bits pick one of 65,536 values of the Box–Muller transform (Box and Muller 1958)
 * on a 256 × 256 grid; the bits are SplitMix64 (Steele et al. 2014) in counter mode.
 */
final class RandomWeights {
    /** The initializer range of all named shapes. */
    static final double STANDARD_DEVIATION = 0.02;

    private static final int GRID = 256;
    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final long[] values = new long[GRID * GRID];
    private final long seed;

    RandomWeights(long seed) {
        this.seed = mix(seed);
        for (int i = 0; i < values.length; i++) {
            int row = i / GRID;
            double radius = StrictMath.sqrt(-2 * StrictMath.log((row + 0.5) / GRID));
            double angle = 2 * Math.PI * (i % GRID + 0.5) / GRID;
            values[i] = FloatDecoder.toBfloat16((float) (STANDARD_DEVIATION * radius * StrictMath.cos(angle))) & 0xffffL;
        }
    }

    /** Fills {@code target} (a multiple of 2 bytes) with the weights from byte {@code offset} (a multiple of 8) of a tensor. */
    void fill(String tensor, long offset, MemorySegment target) {
        if (offset % Long.BYTES != 0) {
            throw new IllegalArgumentException("offset must be a multiple of 8, not " + offset);
        }
        long stream = seed;
        for (byte b : tensor.getBytes(StandardCharsets.UTF_8)) {
            stream = mix(stream + b);
        }
        long counter = stream + offset / Long.BYTES * GOLDEN_GAMMA;
        long whole = target.byteSize() / Long.BYTES * Long.BYTES;
        for (long at = 0; at < whole; at += Long.BYTES) {
            counter += GOLDEN_GAMMA;
            target.set(WORD, at, fourWeights(mix(counter)));
        }
        long rest = fourWeights(mix(counter + GOLDEN_GAMMA));
        for (long at = whole; at < target.byteSize(); at++) {
            target.set(ValueLayout.JAVA_BYTE, at, (byte) (rest >>> (8 * (at - whole))));
        }
    }

    private long fourWeights(long bits) {
        return values[(int) (bits & 0xffff)] | values[(int) (bits >>> 16 & 0xffff)] << 16 | values[(int) (bits >>> 32 & 0xffff)] << 32
                | values[(int) (bits >>> 48)] << 48;
    }

    private static long mix(long state) {
        long z = (state ^ state >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
