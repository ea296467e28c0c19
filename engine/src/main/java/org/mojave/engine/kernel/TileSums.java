package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
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
 * one row; its halves are shifted down and multiplied with a pair of factors. Products are added in 16 bits, modulo 2^16: the sum of a half
 * of all lanes of a run, at most 15 · 127 sixteen times, fits. Codes of 8 bits take whole lanes instead. No sum crosses rows, and the width
 * of the vectors changes nothing.
 *
 * <p>No field is masked: a half shifted down to its field i is y(i) = field(i) + 2^bits · y(i + 1), so that
 * Σ field(i) · a(i) = Σ y(i) · (a(i) − 2^bits · a(i − 1)), and {@link QuantizedActivations#factors} are these differences.
 *
 * <p>The compiler loses vectors above some tens of operations in a method and all that it calls, which makes it ten times slower, and what it
 * takes in depends on the schemes that it met before. Hence small loops, called through a handle ({@link #loop}): the compiler cannot look into one
 * that is not a constant. Vectors are met in the order in which they lie: the processor then reads memory ahead.
 */
final class TileSums {
    /** At most a tile's rows wide. */
    static final VectorSpecies<Integer> INTEGERS =
            IntVector.SPECIES_PREFERRED.length() > PackedLayout.TILE_ROWS ? IntVector.SPECIES_512 : IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> SHORTS = INTEGERS.withLanes(short.class);
    private static final int LANES = INTEGERS.length();
    private static final int VECTOR_BYTES = 64;
    private static final int RUN_COLUMNS = PackedLayout.RUN_COLUMNS;
    /** Pairs of factors that a run meets. */
    private static final int RUN_PAIRS = RUN_COLUMNS / 2;
    private static final int TILE_ROWS = PackedLayout.TILE_ROWS;
    private static final MethodHandle PLANES = find("planes");
    private static final MethodHandle TWOS = find("twos");
    private static final MethodHandle FOURS = find("fours");
    private static final MethodHandle EIGHTS = find("eights");

    private final MemorySegment codes;
    private final PackedLayout layout;
    private final QuantizedActivations x;
    private final int runs;
    /** [runs, rows of a tile]. */
    private final int[] sums;
    /** Sums all columns of LANES rows, from their first code and row. */
    private final MethodHandle loop;
    /** The token in hand. */
    private int token;

    /** Of tiles of that matrix and those activations, which have factors for its scheme. */
    TileSums(PackedMatrix w, QuantizedActivations x) {
        codes = w.bytes();
        layout = w.layout();
        this.x = x;
        runs = layout.runs();
        sums = new int[TILE_ROWS * runs];
        loop = switch (layout.scheme().bits()) {
            case 2 -> TWOS;
            case 4 -> FOURS;
            case 8 -> EIGHTS;
            default -> PLANES;
        };
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
    void add(int tile, int newToken) {
        token = newToken;
        Arrays.fill(sums, 0);
        long at = tile * layout.tileBytes() + layout.codesOffset();
        for (int row = 0; row < TILE_ROWS; row += LANES) {
            sum(at + 4L * row, row);
        }
    }

    private static MethodHandle find(String name) {
        try {
            return MethodHandles.lookup().findVirtual(TileSums.class, name, MethodType.methodType(void.class, long.class, int.class));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a method of this class is missing", e);
        }
    }

    private void sum(long at, int row) {
        try {
            loop.invokeExact(this, at, row);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("declared by no loop", e);
        }
    }

    /** Codes of one or two planes. */
    void planes(long at, int row) {
        int weight = 0;
        for (int rest = layout.scheme().bits(); rest > 0; rest -= Integer.highestOneBit(rest)) {
            plane(Integer.highestOneBit(rest), weight, at + (long) VECTOR_BYTES * weight, row);
            weight += Integer.highestOneBit(rest);
        }
    }

    private static ShortVector load(MemorySegment codes, long at) {
        return IntVector.fromMemorySegment(INTEGERS, codes, at, ByteOrder.LITTLE_ENDIAN).reinterpretAsShorts();
    }

    private static ShortVector times(ShortVector code, int[] factors, int at) {
        return code.mul(IntVector.broadcast(INTEGERS, factors[at]).reinterpretAsShorts());
    }

    /** A plane of that many bits, which counts {@code 2^weight}: four fields of each half at a time, of which a run has four times as many. */
    private void plane(int bits, int weight, long at, int row) {
        MemorySegment from = codes;
        int[] factors = x.factors(bits);
        int[] target = sums;
        int stride = layout.runBytes();
        int first = token * runs * RUN_PAIRS;
        int count = 4 * runs;
        ShortVector s = ShortVector.zero(SHORTS);
        for (int i = 0; i < count; i++) {
            int bit = 4 * ((bits * i) & 3);
            ShortVector c = load(from, at + (long) stride * (i >> 2) + (long) VECTOR_BYTES * (((i & 3) * bits) >> 2));
            c = c.lanewise(VectorOperators.LSHR, bit);
            int pair = first + 4 * i;
            s = s.add(times(c, factors, pair));
            c = c.lanewise(VectorOperators.LSHR, bits);
            s = s.add(times(c, factors, pair + 1));
            c = c.lanewise(VectorOperators.LSHR, bits);
            s = s.add(times(c, factors, pair + 2));
            c = c.lanewise(VectorOperators.LSHR, bits);
            s = s.add(times(c, factors, pair + 3));
            if ((i & 3) == 3) {
                int to = 4 * (i & -4) + row;
                widen(s).lanewise(VectorOperators.LSHL, weight).add(IntVector.fromArray(INTEGERS, target, to)).intoArray(target, to);
                s = ShortVector.zero(SHORTS);
            }
        }
    }

    /** Codes of 2 bits: one plane. */
    void twos(long at, int row) {
        MemorySegment from = codes;
        int[] factors = x.factors(2);
        int[] target = sums;
        int first = token * runs * RUN_PAIRS;
        for (int run = 0; run < runs; run++) {
            ShortVector s0 = ShortVector.zero(SHORTS), s1 = s0;
            for (int v = 0; v < 2; v++) {
                ShortVector low = load(from, at + 2L * VECTOR_BYTES * run + (long) VECTOR_BYTES * v);
                ShortVector high = low.lanewise(VectorOperators.LSHR, 8);
                int pair = first + RUN_PAIRS * run + 8 * v;
                for (int j = 0; j < 4; j++) {
                    s0 = s0.add(times(low, factors, pair + j));
                    s1 = s1.add(times(high, factors, pair + 4 + j));
                    low = low.lanewise(VectorOperators.LSHR, 2);
                    high = high.lanewise(VectorOperators.LSHR, 2);
                }
            }
            widen(s0.add(s1)).intoArray(target, TILE_ROWS * run + row);
        }
    }

    /** Codes of 4 bits: one plane, every step a constant. */
    void fours(long at, int row) {
        MemorySegment from = codes;
        int[] factors = x.factors(4);
        int[] target = sums;
        int first = token * runs * RUN_PAIRS;
        int count = 4 * runs;
        ShortVector s = ShortVector.zero(SHORTS);
        for (int i = 0; i < count; i++) {
            ShortVector c = load(from, at + (long) VECTOR_BYTES * i);
            int pair = first + 4 * i;
            s = s.add(times(c, factors, pair)).add(times(c.lanewise(VectorOperators.LSHR, 4), factors, pair + 1));
            s = s.add(times(c.lanewise(VectorOperators.LSHR, 8), factors, pair + 2)).add(times(c.lanewise(VectorOperators.LSHR, 12), factors, pair + 3));
            if ((i & 3) == 3) {
                widen(s).intoArray(target, 4 * (i & -4) + row);
                s = ShortVector.zero(SHORTS);
            }
        }
    }

    /** From sums in halves to one in each lane. */
    private static IntVector widen(ShortVector halves) {
        IntVector both = halves.reinterpretAsInts();
        return both.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16).add(both.lanewise(VectorOperators.ASHR, 16));
    }

    /** Codes of 8 bits, which take whole lanes. */
    void eights(long at, int row) {
        MemorySegment from = codes;
        int[] factors = x.factors(Byte.SIZE);
        int[] target = sums;
        int first = token * runs * RUN_COLUMNS;
        int count = Byte.SIZE * runs;
        IntVector s = IntVector.zero(INTEGERS);
        for (int i = 0; i < count; i++) {
            s = s.add(eight(IntVector.fromMemorySegment(INTEGERS, from, at + (long) VECTOR_BYTES * i, ByteOrder.LITTLE_ENDIAN), factors, first + 4 * i));
            if ((i & 7) == 7) {
                s.intoArray(target, 2 * (i & -8) + row);
                s = IntVector.zero(INTEGERS);
            }
        }
    }

    private static IntVector eight(IntVector c, int[] factors, int at) {
        IntVector s0 = c.mul(factors[at]).add(c.lanewise(VectorOperators.LSHR, 8).mul(factors[at + 1]));
        IntVector s1 = c.lanewise(VectorOperators.LSHR, 16).mul(factors[at + 2]).add(c.lanewise(VectorOperators.LSHR, 24).mul(factors[at + 3]));
        return s0.add(s1);
    }

    /** Those columns of a tile; of a scheme that {@link #readsUnits}. */
    void add(int tile, SparseUnits units) {
        Arrays.fill(sums, 0);
        long at = tile * layout.tileBytes() + layout.codesOffset();
        for (int row = 0; row < TILE_ROWS; row += LANES) {
            some(units, at + 4L * row, row);
        }
    }

    /** Those vectors of codes: field j of byte c of a lane is column 4 · j + c of a vector. */
    private void some(SparseUnits units, long at, int row) {
        int bits = layout.scheme().bits();
        int[] list = units.units();
        int[] factors = x.factors(bits);
        int count = units.count();
        for (int i = 0; i < count; i++) {
            ShortVector c = load(codes, at + (long) VECTOR_BYTES * list[i]);
            IntVector sum = bits == Byte.SIZE ? eight(c.reinterpretAsInts(), factors, 4 * list[i])
                    : unit(bits, c, factors, RUN_PAIRS / bits * list[i]);
            int to = TILE_ROWS * (list[i] / bits) + row;
            IntVector.fromArray(INTEGERS, sums, to).add(sum).intoArray(sums, to);
        }
    }

    private static IntVector unit(int bits, ShortVector codesOfUnit, int[] factors, int pair) {
        ShortVector c = codesOfUnit;
        ShortVector s = ShortVector.zero(SHORTS);
        for (int j = 0; j < RUN_PAIRS / bits; j++) {
            s = s.add(times(c, factors, pair + j));
            c = c.lanewise(VectorOperators.LSHR, bits);
        }
        return widen(s);
    }
}
