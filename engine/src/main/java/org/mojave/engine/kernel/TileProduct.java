package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/**
 * Tiles of 16 rows times activations rounded to 8 bits, in Java vectors: whole-number sums ({@link TileSums}), then zeros and scales. Lanes
 * are rows: a vector covers 4, 8 or 16 of them. Returns the bits of {@link PackedOracle}, as the native kernels do.
 */
final class TileProduct {
    private static final VectorSpecies<Integer> INTEGERS = TileSums.INTEGERS;
    private static final VectorSpecies<Float> FLOATS = INTEGERS.withLanes(float.class);
    private static final int LANES = INTEGERS.length();
    private static final int TILE_ROWS = PackedLayout.TILE_ROWS;
    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle EIGHT = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long LOW_HALVES = 0x0f0f0f0f0f0f0f0fL;
    /** Width of the vectors in use. */
    static final int BITS = INTEGERS.vectorBitSize();
    /** Narrower than four lanes there is nothing to gain. */
    static final boolean SUPPORTED = BITS >= 128;

    private final PackedLayout layout;
    private final MemorySegment stored;
    private final QuantizedActivations x;
    private final TileSums sums;
    private final int groups;
    private final int activationGroups;
    private final int runs;
    private final int groupRuns;
    private final int activationRuns;
    /** Bits to shift by for codes that count twice. */
    private final int doubling;
    private final short[] halves;
    private final byte[] bytes;
    private final byte[] single;
    private final float[] scales;
    private final int[] zeros;
    private final float[] rows = new float[TILE_ROWS];
    private int tile;

    /** Whether codes of that scheme are read as they lie; else decoding them is the better way. */
    static boolean supports(Scheme scheme) {
        return SUPPORTED && !scheme.sixBitScales() && !scheme.trellis();
    }

    /** Takes memory for the scales, zeros and sums of one tile of that matrix. The activations are paired. */
    TileProduct(PackedMatrix w, QuantizedActivations x) {
        layout = w.layout();
        stored = w.bytes();
        this.x = x;
        sums = new TileSums(w, x);
        groups = layout.groups();
        activationGroups = x.groups();
        runs = layout.runs();
        groupRuns = Math.ceilDiv(layout.scheme().groupColumns(layout.columns()), PackedLayout.RUN_COLUMNS);
        activationRuns = x.groupColumns() / PackedLayout.RUN_COLUMNS;
        doubling = layout.scheme().step() - 1;
        halves = new short[TILE_ROWS * groups];
        bytes = new byte[layout.zeroBytes() * groups];
        single = new byte[layout.zeroBytes() == TILE_ROWS / 2 ? halves.length : 0];
        scales = new float[halves.length];
        zeros = new int[halves.length];
        if (layout.scheme().symmetric()) {
            Arrays.fill(zeros, layout.scheme().symmetricZero());
        }
    }

    /** Makes a tile the one that {@link #multiply} multiplies. */
    void load(int newTile) {
        tile = newTile;
        long start = tile * layout.tileBytes();
        MemorySegment.copy(stored, HALF, start, halves, 0, halves.length);
        widen(halves, scales);
        MemorySegment.copy(stored, ValueLayout.JAVA_BYTE, start + layout.zerosOffset(), bytes, 0, bytes.length);
        if (bytes.length > 0) {
            widen(layout.zeroBytes() == TILE_ROWS ? bytes : halvesOfBytes(), zeros);
        }
    }

    /** Zeros of four bits, a byte each. */
    private byte[] halvesOfBytes() {
        for (int group = 0; group < groups; group++) {
            long both = (long) EIGHT.get(bytes, TILE_ROWS / 2 * group);
            EIGHT.set(single, TILE_ROWS * group, both & LOW_HALVES);
            EIGHT.set(single, TILE_ROWS * group + TILE_ROWS / 2, (both >>> 4) & LOW_HALVES);
        }
        return single;
    }

    /** A loop by itself, so that the compiler makes vectors of it. */
    private static void widen(byte[] from, int[] to) {
        for (int i = 0; i < from.length; i++) {
            to[i] = from[i] & 0xff;
        }
    }

    private static void widen(short[] from, float[] to) {
        for (int i = 0; i < from.length; i++) {
            to[i] = Float.float16ToFloat(from[i]);
        }
    }

    /** The tile's rows of {@code y [tokens, rows]} for one token. */
    void multiply(int token, Block y) {
        sums.add(tile, token);
        finish(token, y);
    }

    /** The same for a single token, reading only some columns of the tile. */
    void multiply(SparseUnits units, Block y) {
        sums.add(tile, units);
        finish(0, y);
    }

    private void finish(int token, Block y) {
        for (int row = 0; row < TILE_ROWS; row += LANES) {
            scale(token, row);
        }
        int count = Math.min(TILE_ROWS, layout.rows() - tile * TILE_ROWS);
        System.arraycopy(rows, 0, y.values(), y.offset() + token * y.stride() + tile * TILE_ROWS, count);
    }

    /** {@code Σ_weight groups s · Σ_activation groups d · (Σ q·v − z·t)} of LANES rows. */
    private void scale(int token, int row) {
        int[] exact = sums.values();
        int[] totals = x.sums();
        float[] factors = x.scales();
        int part = token * activationGroups;
        FloatVector y = FloatVector.zero(FLOATS);
        int run = 0;
        for (int group = 0; group < groups; group++) {
            IntVector zero = IntVector.fromArray(INTEGERS, zeros, TILE_ROWS * group + row);
            FloatVector sum = FloatVector.zero(FLOATS);
            int groupEnd = Math.min(runs, run + groupRuns);
            while (run < groupEnd) {
                IntVector whole = IntVector.fromArray(INTEGERS, exact, TILE_ROWS * run + row);
                int end = Math.min(groupEnd, run + activationRuns);
                for (run++; run < end; run++) {
                    whole = whole.add(IntVector.fromArray(INTEGERS, exact, TILE_ROWS * run + row));
                }
                whole = whole.lanewise(VectorOperators.LSHL, doubling).sub(zero.mul(totals[part]));
                sum = ((FloatVector) whole.convert(VectorOperators.I2F, 0)).fma(FloatVector.broadcast(FLOATS, factors[part]), sum);
                part++;
            }
            y = sum.fma(FloatVector.fromArray(FLOATS, scales, TILE_ROWS * group + row), y);
        }
        y.intoArray(rows, row);
    }
}
