package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/**
 * One tile of 16 rows times one token, in Java vectors: a 32-bit lane holds codes of one row, so column after column is
 * shifted down, masked, converted and multiplied with the broadcast activation; no sum crosses lanes. Lanes are rows: a
 * vector covers 4, 8 or 16 of them, and the sums do not depend on the width.
 *
 * <p>The compiler loses vectors above some tens of operations a method, hence the small methods. Reference: {@link
 * ScalarReference#multiply}; benchmark: {@code NativeKernelBench} in {@code bench}.
 */
final class TileProduct {
    private static final VectorSpecies<Integer> INTEGERS =
            IntVector.SPECIES_PREFERRED.length() > PackedLayout.TILE_ROWS ? IntVector.SPECIES_512 : IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> FLOATS = INTEGERS.withLanes(float.class);
    /** Width of the vectors in use. */
    static final int BITS = INTEGERS.vectorBitSize();
    /** Narrower than four lanes there is nothing to gain. */
    static final boolean SUPPORTED = BITS >= 128;

    private static final int LANES = INTEGERS.length();
    private static final int VECTOR_BYTES = 64;
    private static final int RUN_COLUMNS = PackedLayout.RUN_COLUMNS;
    private static final int TILE_ROWS = PackedLayout.TILE_ROWS;
    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * Activations as tiles read them.
     *
     * @param values [tokens, columns rounded up to whole runs], the padding zero
     * @param sums [tokens, weight groups]
     */
    record Padded(float[] values, float[] sums) {
        static Padded of(Block x, int tokens, PackedLayout layout) {
            int padded = layout.runs() * RUN_COLUMNS;
            int group = layout.scheme().groupColumns(layout.columns());
            float[] values = new float[Math.multiplyExact(tokens, padded)];
            float[] sums = new float[tokens * layout.groups()];
            for (int t = 0; t < tokens; t++) {
                int row = x.offset() + t * x.stride();
                System.arraycopy(x.values(), row, values, t * padded, layout.columns());
                for (int c = 0; c < layout.columns(); c++) {
                    sums[t * layout.groups() + c / group] += x.values()[row + c];
                }
            }
            return new Padded(values, sums);
        }
    }

    /** Sums of LANES rows from {@code row} on. An interface, so that the compiler does not inline all of them at once. */
    private interface Kernel {
        void run(TileProduct tile, Padded x, int token, int row);
    }

    private final PackedLayout layout;
    private final Kernel kernel;
    private final int groupRuns;
    private final MemorySegment codes;
    private final short[] halves;
    private final byte[] bytes;
    private final float[] scales;
    private final float[] zeros;
    /** Three-bit codes of a group, a byte each. */
    private final int[] wide;
    private final float[] sums = new float[TILE_ROWS];
    private int tile;

    /** Whether codes of that scheme are read as they lie; else decoding them is the better way. */
    static boolean supports(Scheme scheme) {
        return SUPPORTED && !scheme.sixBitScales() && !scheme.trellis() && scheme.bits() != 5 && scheme.bits() != 6;
    }

    /** Takes memory for the scales and zeros of one tile of that matrix. */
    TileProduct(PackedMatrix w) {
        layout = w.layout();
        codes = w.bytes();
        halves = new short[TILE_ROWS * layout.groups()];
        bytes = new byte[layout.zeroBytes() * layout.groups()];
        scales = new float[halves.length];
        zeros = new float[halves.length];
        groupRuns = Math.ceilDiv(layout.scheme().groupColumns(layout.columns()), RUN_COLUMNS);
        wide = new int[layout.scheme().bits() == 3 ? groupRuns * RUN_COLUMNS / 4 * LANES : 0];
        kernel = switch (layout.scheme().bits()) {
            case 1 -> TileProduct::oneBit;
            case 2 -> TileProduct::twoBits;
            case 3 -> TileProduct::threeBits;
            case 4 -> TileProduct::fourBits;
            default -> TileProduct::eightBits;
        };
        if (layout.scheme().symmetric()) {
            Arrays.fill(zeros, (float) layout.scheme().symmetricZero() / layout.scheme().step());
        }
    }

    /** Makes a tile the one that {@link #multiply} multiplies. */
    void load(int newTile) {
        tile = newTile;
        long start = tile * layout.tileBytes();
        MemorySegment.copy(codes, HALF, start, halves, 0, halves.length);
        for (int i = 0; i < halves.length; i++) {
            scales[i] = Float.float16ToFloat(halves[i]) * layout.scheme().step();
        }
        MemorySegment.copy(codes, ValueLayout.JAVA_BYTE, start + layout.zerosOffset(), bytes, 0, bytes.length);
        if (layout.zeroBytes() == TILE_ROWS) {
            for (int i = 0; i < bytes.length; i++) {
                zeros[i] = bytes[i] & 0xff;
            }
        } else {
            for (int i = 0; i < bytes.length; i++) {
                int at = i / 8 * TILE_ROWS + i % 8;
                zeros[at] = bytes[i] & 15;
                zeros[at + 8] = bytes[i] >>> 4 & 15;
            }
        }
    }

    private int runs(int group) {
        return Math.min(groupRuns, layout.runs() - group * groupRuns);
    }

    /** Where the codes of the tile's rows from {@code row} on start. */
    private long codesOffset(int row) {
        return tile * layout.tileBytes() + layout.codesOffset() + 4L * row;
    }

    /** The tile's rows of {@code y [tokens, rows]} for one token. */
    void multiply(Padded x, int token, Block y) {
        for (int row = 0; row < TILE_ROWS; row += LANES) {
            kernel.run(this, x, token, row);
        }
        int rows = Math.min(TILE_ROWS, layout.rows() - tile * TILE_ROWS);
        System.arraycopy(sums, 0, y.values(), y.offset() + token * y.stride() + tile * TILE_ROWS, rows);
    }

    /** y + scale · (dot − zero · sum). */
    private FloatVector add(FloatVector y, FloatVector dot, int group, float sum) {
        FloatVector zero = FloatVector.fromArray(FLOATS, zeros, group);
        return FloatVector.fromArray(FLOATS, scales, group).fma(dot.sub(zero.mul(sum)), y);
    }

    private static FloatVector step(IntVector c, IntVector mask, float x, FloatVector sum) {
        FloatVector code = (FloatVector) c.and(mask).convert(VectorOperators.I2F, 0);
        return code.fma(FloatVector.broadcast(FLOATS, x), sum);
    }

    private void oneBit(Padded x, int token, int row) {
        IntVector mask = IntVector.broadcast(INTEGERS, 1);
        FloatVector y = FloatVector.zero(FLOATS);
        float[] values = x.values();
        int column = token * layout.runs() * RUN_COLUMNS;
        long at = codesOffset(row);
        for (int group = 0; group < layout.groups(); group++) {
            FloatVector s0 = FloatVector.zero(FLOATS), s1 = s0, s2 = s0, s3 = s0;
            int vectors = runs(group);
            for (int v = 0; v < vectors; v++) {
                IntVector c0 = IntVector.fromMemorySegment(INTEGERS, codes, at, ByteOrder.LITTLE_ENDIAN);
                IntVector c1 = c0.lanewise(VectorOperators.LSHR, 8);
                IntVector c2 = c0.lanewise(VectorOperators.LSHR, 16);
                IntVector c3 = c0.lanewise(VectorOperators.LSHR, 24);
                for (int j = 0; j < 8; j++) {
                    s0 = step(c0, mask, values[column], s0);
                    s1 = step(c1, mask, values[column + 1], s1);
                    s2 = step(c2, mask, values[column + 2], s2);
                    s3 = step(c3, mask, values[column + 3], s3);
                    c0 = c0.lanewise(VectorOperators.LSHR, 1);
                    c1 = c1.lanewise(VectorOperators.LSHR, 1);
                    c2 = c2.lanewise(VectorOperators.LSHR, 1);
                    c3 = c3.lanewise(VectorOperators.LSHR, 1);
                    column += 4;
                }
                at += VECTOR_BYTES;
            }
            y = add(y, s0.add(s1).add(s2.add(s3)), TILE_ROWS * group + row, x.sums()[token * layout.groups() + group]);
        }
        y.intoArray(sums, row);
    }

    private void twoBits(Padded x, int token, int row) {
        IntVector mask = IntVector.broadcast(INTEGERS, 3);
        FloatVector y = FloatVector.zero(FLOATS);
        float[] values = x.values();
        int column = token * layout.runs() * RUN_COLUMNS;
        long at = codesOffset(row);
        for (int group = 0; group < layout.groups(); group++) {
            FloatVector s0 = FloatVector.zero(FLOATS), s1 = s0, s2 = s0, s3 = s0;
            int vectors = 2 * runs(group);
            for (int v = 0; v < vectors; v++) {
                IntVector c0 = IntVector.fromMemorySegment(INTEGERS, codes, at, ByteOrder.LITTLE_ENDIAN);
                IntVector c1 = c0.lanewise(VectorOperators.LSHR, 8);
                IntVector c2 = c0.lanewise(VectorOperators.LSHR, 16);
                IntVector c3 = c0.lanewise(VectorOperators.LSHR, 24);
                for (int j = 0; j < 4; j++) {
                    s0 = step(c0, mask, values[column], s0);
                    s1 = step(c1, mask, values[column + 1], s1);
                    s2 = step(c2, mask, values[column + 2], s2);
                    s3 = step(c3, mask, values[column + 3], s3);
                    c0 = c0.lanewise(VectorOperators.LSHR, 2);
                    c1 = c1.lanewise(VectorOperators.LSHR, 2);
                    c2 = c2.lanewise(VectorOperators.LSHR, 2);
                    c3 = c3.lanewise(VectorOperators.LSHR, 2);
                    column += 4;
                }
                at += VECTOR_BYTES;
            }
            y = add(y, s0.add(s1).add(s2.add(s3)), TILE_ROWS * group + row, x.sums()[token * layout.groups() + group]);
        }
        y.intoArray(sums, row);
    }

    private void fourBits(Padded x, int token, int row) {
        IntVector mask = IntVector.broadcast(INTEGERS, 15);
        FloatVector y = FloatVector.zero(FLOATS);
        float[] values = x.values();
        int column = token * layout.runs() * RUN_COLUMNS;
        long at = codesOffset(row);
        for (int group = 0; group < layout.groups(); group++) {
            FloatVector s0 = FloatVector.zero(FLOATS), s1 = s0, s2 = s0, s3 = s0;
            int vectors = 4 * runs(group);
            for (int v = 0; v < vectors; v++) {
                IntVector c0 = IntVector.fromMemorySegment(INTEGERS, codes, at, ByteOrder.LITTLE_ENDIAN);
                IntVector c1 = c0.lanewise(VectorOperators.LSHR, 8);
                IntVector c2 = c0.lanewise(VectorOperators.LSHR, 16);
                IntVector c3 = c0.lanewise(VectorOperators.LSHR, 24);
                for (int j = 0; j < 2; j++) {
                    s0 = step(c0, mask, values[column], s0);
                    s1 = step(c1, mask, values[column + 1], s1);
                    s2 = step(c2, mask, values[column + 2], s2);
                    s3 = step(c3, mask, values[column + 3], s3);
                    c0 = c0.lanewise(VectorOperators.LSHR, 4);
                    c1 = c1.lanewise(VectorOperators.LSHR, 4);
                    c2 = c2.lanewise(VectorOperators.LSHR, 4);
                    c3 = c3.lanewise(VectorOperators.LSHR, 4);
                    column += 4;
                }
                at += VECTOR_BYTES;
            }
            y = add(y, s0.add(s1).add(s2.add(s3)), TILE_ROWS * group + row, x.sums()[token * layout.groups() + group]);
        }
        y.intoArray(sums, row);
    }

    private void eightBits(Padded x, int token, int row) {
        IntVector mask = IntVector.broadcast(INTEGERS, 255);
        FloatVector y = FloatVector.zero(FLOATS);
        float[] values = x.values();
        int column = token * layout.runs() * RUN_COLUMNS;
        long at = codesOffset(row);
        for (int group = 0; group < layout.groups(); group++) {
            FloatVector s0 = FloatVector.zero(FLOATS), s1 = s0, s2 = s0, s3 = s0;
            int vectors = 8 * runs(group);
            for (int v = 0; v < vectors; v++) {
                IntVector c0 = IntVector.fromMemorySegment(INTEGERS, codes, at, ByteOrder.LITTLE_ENDIAN);
                IntVector c1 = c0.lanewise(VectorOperators.LSHR, 8);
                IntVector c2 = c0.lanewise(VectorOperators.LSHR, 16);
                IntVector c3 = c0.lanewise(VectorOperators.LSHR, 24);
                s0 = step(c0, mask, values[column], s0);
                s1 = step(c1, mask, values[column + 1], s1);
                s2 = step(c2, mask, values[column + 2], s2);
                s3 = step(c3, mask, values[column + 3], s3);
                column += 4;
                at += VECTOR_BYTES;
            }
            y = add(y, s0.add(s1).add(s2.add(s3)), TILE_ROWS * group + row, x.sums()[token * layout.groups() + group]);
        }
        y.intoArray(sums, row);
    }

    private void threeBits(Padded x, int token, int row) {
        IntVector mask = IntVector.broadcast(INTEGERS, 7);
        FloatVector y = FloatVector.zero(FLOATS);
        float[] values = x.values();
        int column = token * layout.runs() * RUN_COLUMNS;
        long at = codesOffset(row);
        for (int group = 0; group < layout.groups(); group++) {
            FloatVector s0 = FloatVector.zero(FLOATS), s1 = s0, s2 = s0, s3 = s0;
            int vectors = 8 * runs(group);
            at = widen(at, runs(group));
            for (int v = 0; v < vectors; v++) {
                IntVector c = IntVector.fromArray(INTEGERS, wide, v * LANES);
                s0 = step(c, mask, values[column], s0);
                s1 = step(c.lanewise(VectorOperators.LSHR, 8), mask, values[column + 1], s1);
                s2 = step(c.lanewise(VectorOperators.LSHR, 16), mask, values[column + 2], s2);
                s3 = step(c.lanewise(VectorOperators.LSHR, 24), mask, values[column + 3], s3);
                column += 4;
            }
            y = add(y, s0.add(s1).add(s2.add(s3)), TILE_ROWS * group + row, x.sums()[token * layout.groups() + group]);
        }
        y.intoArray(sums, row);
    }

    /** Runs of three-bit codes to a byte each; returns where they end. */
    private long widen(long start, int runs) {
        long at = start;
        for (int half = 0; half < 2 * runs; half++) {
            int second = half % 2;
            IntVector low = IntVector.fromMemorySegment(INTEGERS, codes, at + (long) second * VECTOR_BYTES, ByteOrder.LITTLE_ENDIAN);
            IntVector high = IntVector.fromMemorySegment(INTEGERS, codes, at + 2 * VECTOR_BYTES, ByteOrder.LITTLE_ENDIAN)
                    .lanewise(VectorOperators.LSHR, 4 * second);
            for (int j = 0; j < 4; j++) {
                IntVector top = high.and(0x01010101).lanewise(VectorOperators.LSHL, 2);
                low.and(0x03030303).or(top).intoArray(wide, (4 * half + j) * LANES);
                low = low.lanewise(VectorOperators.LSHR, 2);
                high = high.lanewise(VectorOperators.LSHR, 1);
            }
            at += 3L * second * VECTOR_BYTES;
        }
        return at;
    }
}
