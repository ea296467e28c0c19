package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.mojave.format.packed.PackedLayout;

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

    private TileProduct() {}

    /**
     * Activations as a tile reads them.
     *
     * @param values [tokens, columns rounded up to whole runs], the padding zero
     * @param sums [tokens, weight groups]
     */
    record Padded(float[] values, float[] sums) {
        static Padded of(float[] x, int tokens, PackedLayout layout) {
            int padded = layout.runs() * RUN_COLUMNS;
            int group = layout.scheme().groupColumns(layout.columns());
            float[] values = new float[Math.multiplyExact(tokens, padded)];
            float[] sums = new float[tokens * layout.groups()];
            for (int t = 0; t < tokens; t++) {
                System.arraycopy(x, t * layout.columns(), values, t * padded, layout.columns());
                for (int c = 0; c < layout.columns(); c++) {
                    sums[t * layout.groups() + c / group] += x[t * layout.columns() + c];
                }
            }
            return new Padded(values, sums);
        }
    }

    /** Memory for one tile. */
    private record Scratch(float[] codes, float[] scales, float[] zeros, short[] halves, float[] sums) {
        Scratch() {
            this(new float[TILE_ROWS], new float[TILE_ROWS], new float[TILE_ROWS], new short[TILE_ROWS], new float[TILE_ROWS]);
        }
    }

    /** Rows of one tile of {@code y [tokens, rows]} for one token. */
    static void multiply(PackedMatrix w, int tile, Padded x, int token, float[] y) {
        PackedLayout layout = w.layout();
        Scratch scratch = new Scratch();
        int bits = layout.scheme().bits();
        int at = token * layout.runs() * RUN_COLUMNS;
        int groupRuns = Math.ceilDiv(layout.scheme().groupColumns(layout.columns()), RUN_COLUMNS);
        long start = tile * layout.tileBytes();
        for (int group = 0; group < layout.groups(); group++) {
            int run = group * groupRuns;
            int runs = Math.min(groupRuns, layout.runs() - run);
            long codes = start + layout.codesOffset() + (long) run * layout.runBytes();
            for (int row = 0; row < TILE_ROWS; row += LANES) {
                dot(bits, new Codes(w.bytes(), codes + 4L * row, runs), x.values(), at + run * RUN_COLUMNS, scratch.codes, row);
            }
            scales(w.bytes(), start + 2L * TILE_ROWS * group, scratch);
            zeros(layout, w.bytes(), start + layout.zerosOffset() + (long) group * layout.zeroBytes(), scratch.zeros);
            add(scratch, x.sums()[token * layout.groups() + group]);
        }
        int rows = Math.min(TILE_ROWS, layout.rows() - tile * TILE_ROWS);
        System.arraycopy(scratch.sums, 0, y, token * layout.rows() + tile * TILE_ROWS, rows);
    }

    private static void scales(MemorySegment bytes, long offset, Scratch scratch) {
        MemorySegment.copy(bytes, HALF, offset, scratch.halves, 0, TILE_ROWS);
        for (int i = 0; i < TILE_ROWS; i++) {
            scratch.scales[i] = Float.float16ToFloat(scratch.halves[i]);
        }
    }

    private static void zeros(PackedLayout layout, MemorySegment bytes, long offset, float[] zeros) {
        int half = TILE_ROWS / 2;
        for (int i = 0; i < TILE_ROWS; i++) {
            if (layout.scheme().symmetric()) {
                zeros[i] = layout.scheme().symmetricZero();
            } else if (layout.scheme().bits() == 8) {
                zeros[i] = bytes.get(ValueLayout.JAVA_BYTE, offset + i) & 0xff;
            } else {
                zeros[i] = bytes.get(ValueLayout.JAVA_BYTE, offset + i % half) >>> (i < half ? 0 : 4) & 15;
            }
        }
    }

    /** sums += scales · (codes − zeros · sum). */
    private static void add(Scratch scratch, float sum) {
        for (int i = 0; i < TILE_ROWS; i++) {
            scratch.sums[i] += scratch.scales[i] * (scratch.codes[i] - scratch.zeros[i] * sum);
        }
    }

    /** Runs of one group, from the byte of a row's codes on. */
    private record Codes(MemorySegment bytes, long offset, int runs) {
        IntVector load(int vector) {
            return IntVector.fromMemorySegment(INTEGERS, bytes, offset + (long) vector * VECTOR_BYTES, ByteOrder.LITTLE_ENDIAN);
        }
    }

    /** target[at + lane] = Σ code · x. */
    private static void dot(int bits, Codes codes, float[] x, int offset, float[] target, int at) {
        if (bits == 3) {
            threeBits(codes, x, offset, target, at);
        } else {
            plane(bits, codes, x, offset, target, at);
        }
    }

    private static void plane(int bits, Codes codes, float[] x, int offset, float[] target, int at) {
        int mask = (1 << bits) - 1;
        FloatVector s0 = FloatVector.zero(FLOATS), s1 = s0, s2 = s0, s3 = s0;
        int column = offset;
        for (int v = 0; v < codes.runs() * bits; v++) {
            IntVector c = codes.load(v);
            for (int shift = 0; shift < 8; shift += bits) {
                s0 = step(c, shift, mask, x[column], s0);
                s1 = step(c, shift + 8, mask, x[column + 1], s1);
                s2 = step(c, shift + 16, mask, x[column + 2], s2);
                s3 = step(c, shift + 24, mask, x[column + 3], s3);
                column += 4;
            }
        }
        s0.add(s1).add(s2.add(s3)).intoArray(target, at);
    }

    private static FloatVector step(IntVector c, int shift, int mask, float x, FloatVector sum) {
        FloatVector code = (FloatVector) c.lanewise(VectorOperators.LSHR, shift).and(mask).convert(VectorOperators.I2F, 0);
        return code.fma(FloatVector.broadcast(FLOATS, x), sum);
    }

    private static void threeBits(Codes codes, float[] x, int offset, float[] target, int at) {
        FloatVector s0 = FloatVector.zero(FLOATS), s1 = s0, s2 = s0, s3 = s0;
        int column = offset;
        for (int run = 0; run < codes.runs(); run++) {
            IntVector high = codes.load(3 * run + 2);
            for (int j = 0; j < 8; j++) {
                IntVector low = codes.load(3 * run + j / 4).lanewise(VectorOperators.LSHR, 2 * (j % 4));
                IntVector top = high.lanewise(VectorOperators.LSHR, j);
                s0 = step(low, top, 0, x[column], s0);
                s1 = step(low, top, 8, x[column + 1], s1);
                s2 = step(low, top, 16, x[column + 2], s2);
                s3 = step(low, top, 24, x[column + 3], s3);
                column += 4;
            }
        }
        s0.add(s1).add(s2.add(s3)).intoArray(target, at);
    }

    private static FloatVector step(IntVector low, IntVector high, int shift, float x, FloatVector sum) {
        IntVector code = low.lanewise(VectorOperators.LSHR, shift).and(3)
                .or(high.lanewise(VectorOperators.LSHR, shift).and(1).lanewise(VectorOperators.LSHL, 2));
        return ((FloatVector) code.convert(VectorOperators.I2F, 0)).fma(FloatVector.broadcast(FLOATS, x), sum);
    }
}
