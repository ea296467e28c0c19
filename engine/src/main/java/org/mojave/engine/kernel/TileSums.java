package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/**
 * Whole-number sums Σ code · activation of a tile's 16 rows, one for each run of 32 columns, in Java vectors. A 32-bit lane holds codes of
 * one row; its halves are shifted down, masked and multiplied with a pair of activations ({@link QuantizedActivations#pairs}). Products are
 * added in 16 bits: 15 · 127 sixteen times, all that a run needs, or 255 · 127 once. No sum crosses rows, and the width of the vectors changes nothing.
 *
 * <p>The compiler loses vectors above some tens of operations a method, hence the small methods.
 */
final class TileSums {
    /** At most a tile's rows wide. */
    static final VectorSpecies<Integer> INTEGERS =
            IntVector.SPECIES_PREFERRED.length() > PackedLayout.TILE_ROWS ? IntVector.SPECIES_512 : IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> SHORTS = INTEGERS.withLanes(short.class);
    private static final int LANES = INTEGERS.length();
    private static final int VECTOR_BYTES = 64;
    private static final int RUN_COLUMNS = PackedLayout.RUN_COLUMNS;
    /** Pairs of activations that a run meets. */
    private static final int RUN_PAIRS = RUN_COLUMNS / 2;
    private static final int TILE_ROWS = PackedLayout.TILE_ROWS;

    private final MemorySegment codes;
    private final PackedLayout layout;
    private final int paddedColumns;
    private final int runs;
    /** [runs, rows of a tile]. */
    private final int[] sums;
    private final int[] pairs;
    /** First pair of the token in hand. */
    private int first;

    /** Of tiles of that matrix and those activations, which are paired. */
    TileSums(PackedMatrix w, QuantizedActivations x) {
        codes = w.bytes();
        layout = w.layout();
        paddedColumns = x.paddedColumns();
        pairs = x.pairs();
        runs = layout.runs();
        sums = new int[TILE_ROWS * runs];
    }

    /** Whether some columns of a tile can be read without the others: all bits of a code lie in one plane. */
    static boolean readsUnits(Scheme scheme) {
        return scheme.bits() == 1 || scheme.bits() == 2 || scheme.bits() == 4 || scheme.bits() == 8;
    }

    /** [runs, rows of a tile], of the latest call; owned by this object. */
    int[] values() {
        return sums;
    }

    /** All columns of a tile. */
    void add(int tile, int token) {
        first = token * paddedColumns / 2;
        Arrays.fill(sums, 0);
        long at = tile * layout.tileBytes() + layout.codesOffset();
        for (int row = 0; row < TILE_ROWS; row += LANES) {
            planes(at + 4L * row, row);
        }
    }

    private void planes(long at, int row) {
        int stride = layout.runBytes();
        switch (layout.scheme().bits()) {
            case 1 -> ones(at, stride, 0, row);
            case 2 -> twos(at, stride, 0, row);
            case 3 -> {
                twos(at, stride, 0, row);
                ones(at + 2 * VECTOR_BYTES, stride, 2, row);
            }
            case 4 -> fours(at, stride, row);
            case 5 -> {
                fours(at, stride, row);
                ones(at + 4 * VECTOR_BYTES, stride, 4, row);
            }
            case 6 -> {
                fours(at, stride, row);
                twos(at + 4 * VECTOR_BYTES, stride, 4, row);
            }
            default -> eights(at, row);
        }
    }

    /** Those columns of a tile; of a scheme that {@link #readsUnits}. */
    void add(int tile, SparseUnits units) {
        Arrays.fill(sums, 0);
        long at = tile * layout.tileBytes() + layout.codesOffset();
        for (int row = 0; row < TILE_ROWS; row += LANES) {
            some(units, at + 4L * row, row);
        }
    }

    private ShortVector load(long at) {
        return IntVector.fromMemorySegment(INTEGERS, codes, at, ByteOrder.LITTLE_ENDIAN).reinterpretAsShorts();
    }

    private static ShortVector times(ShortVector code, int[] pairs, int pair) {
        return code.mul(IntVector.broadcast(INTEGERS, pairs[pair]).reinterpretAsShorts());
    }

    /** From sums in halves to one in each lane. */
    private static IntVector widen(ShortVector halves) {
        IntVector both = halves.reinterpretAsInts();
        return both.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16).add(both.lanewise(VectorOperators.ASHR, 16));
    }

    private void store(IntVector sum, int run, int row) {
        int at = TILE_ROWS * run + row;
        IntVector.fromArray(INTEGERS, sums, at).add(sum).intoArray(sums, at);
    }

    /** A plane of one bit, which counts {@code 2^weight}, in runs of {@code stride} bytes. */
    private void ones(long at, int stride, int weight, int row) {
        ShortVector mask = ShortVector.broadcast(SHORTS, 1);
        for (int run = 0; run < runs; run++) {
            ShortVector low = load(at + (long) stride * run);
            ShortVector high = low.lanewise(VectorOperators.LSHR, 8);
            ShortVector s0 = ShortVector.zero(SHORTS), s1 = s0;
            int pair = first + RUN_PAIRS * run;
            for (int j = 0; j < 8; j++) {
                s0 = s0.add(times(low.and(mask), pairs, pair + 2 * j));
                s1 = s1.add(times(high.and(mask), pairs, pair + 2 * j + 1));
                low = low.lanewise(VectorOperators.LSHR, 1);
                high = high.lanewise(VectorOperators.LSHR, 1);
            }
            store(widen(s0.add(s1)).lanewise(VectorOperators.LSHL, weight), run, row);
        }
    }

    /** The same of two bits. */
    private void twos(long at, int stride, int weight, int row) {
        ShortVector mask = ShortVector.broadcast(SHORTS, 3);
        for (int run = 0; run < runs; run++) {
            ShortVector s0 = ShortVector.zero(SHORTS), s1 = s0;
            for (int v = 0; v < 2; v++) {
                ShortVector low = load(at + (long) stride * run + (long) VECTOR_BYTES * v);
                ShortVector high = low.lanewise(VectorOperators.LSHR, 8);
                int pair = first + RUN_PAIRS * run + 8 * v;
                for (int j = 0; j < 4; j++) {
                    s0 = s0.add(times(low.and(mask), pairs, pair + 2 * j));
                    s1 = s1.add(times(high.and(mask), pairs, pair + 2 * j + 1));
                    low = low.lanewise(VectorOperators.LSHR, 2);
                    high = high.lanewise(VectorOperators.LSHR, 2);
                }
            }
            store(widen(s0.add(s1)).lanewise(VectorOperators.LSHL, weight), run, row);
        }
    }

    /** A plane of four bits in runs of {@code stride} bytes. */
    private void fours(long at, int stride, int row) {
        ShortVector mask = ShortVector.broadcast(SHORTS, 15);
        for (int run = 0; run < runs; run++) {
            ShortVector s0 = ShortVector.zero(SHORTS), s1 = s0;
            for (int v = 0; v < 4; v++) {
                ShortVector c = load(at + (long) stride * run + (long) VECTOR_BYTES * v);
                int pair = first + RUN_PAIRS * run + 4 * v;
                s0 = s0.add(times(c.and(mask), pairs, pair));
                s1 = s1.add(times(c.lanewise(VectorOperators.LSHR, 8).and(mask), pairs, pair + 1));
                s0 = s0.add(times(c.lanewise(VectorOperators.LSHR, 4).and(mask), pairs, pair + 2));
                s1 = s1.add(times(c.lanewise(VectorOperators.LSHR, 12), pairs, pair + 3));
            }
            store(widen(s0.add(s1)), run, row);
        }
    }

    private void eights(long at, int row) {
        ShortVector mask = ShortVector.broadcast(SHORTS, 255);
        for (int run = 0; run < runs; run++) {
            IntVector s0 = IntVector.zero(INTEGERS), s1 = s0;
            for (int v = 0; v < 8; v++) {
                ShortVector c = load(at + 8L * VECTOR_BYTES * run + (long) VECTOR_BYTES * v);
                int pair = first + RUN_PAIRS * run + 2 * v;
                s0 = s0.add(widen(times(c.and(mask), pairs, pair)));
                s1 = s1.add(widen(times(c.lanewise(VectorOperators.LSHR, 8), pairs, pair + 1)));
            }
            store(s0.add(s1), run, row);
        }
    }

    /** Those vectors of codes: field j of byte c of a lane is column 4 · j + c of a vector. */
    private void some(SparseUnits units, long at, int row) {
        int bits = layout.scheme().bits();
        int[] list = units.units();
        int count = units.count();
        for (int i = 0; i < count; i++) {
            IntVector sum = unit(bits, load(at + (long) VECTOR_BYTES * list[i]), RUN_PAIRS / bits * list[i]);
            store(sum, list[i] / bits, row);
        }
    }

    private IntVector unit(int bits, ShortVector codesOfUnit, int pair) {
        ShortVector mask = ShortVector.broadcast(SHORTS, (short) ((1 << bits) - 1));
        ShortVector low = codesOfUnit;
        ShortVector high = codesOfUnit.lanewise(VectorOperators.LSHR, 8);
        ShortVector s0 = ShortVector.zero(SHORTS), s1 = s0;
        for (int j = 0; j < RUN_PAIRS / bits; j += 2) {
            s0 = s0.add(times(low.and(mask), pairs, pair + j));
            s1 = s1.add(times(high.and(mask), pairs, pair + j + 1));
            low = low.lanewise(VectorOperators.LSHR, bits);
            high = high.lanewise(VectorOperators.LSHR, bits);
        }
        return widen(s0).add(widen(s1));
    }
}
