package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;

/**
 * Decodes rows of a packed matrix. A 32-bit word holds {@code 32/planeBits} neighbouring columns of one row (layout:
 * {@link PackedLayout}); it is broadcast to eight lanes, each lane shifts its own column down, and one multiplication and
 * one addition make eight weights. The vectors have 256 bits whatever the machine offers more. Reference: {@link
 * PackedCodec#decodeRow}, equal in every bit; benchmark: {@code KernelBench} in {@code bench}.
 */
final class PackedDecoder {
    /** Whether the machine has vectors of 256 bits; without them every operation would allocate. */
    static final boolean SUPPORTED = FloatVector.SPECIES_PREFERRED.vectorBitSize() >= 256;

    private static final VectorSpecies<Integer> INTEGERS = IntVector.SPECIES_256;
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;
    private static final int LANES = 8;
    /** Width of the vectors. */
    static final int BITS = Float.SIZE * LANES;
    private static final int RUN_COLUMNS = PackedLayout.RUN_COLUMNS;
    private static final int BLOCKS = RUN_COLUMNS / LANES;
    private static final int VECTOR_BYTES = 64;
    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** Lane l holds column l of a word: byte l mod 4, {@code planeBits} bits for each four columns before it; index 0 serves 8-bit codes,
     * of which two words fill the lanes. */
    private static final int[][] SHIFTS = shifts();

    private PackedDecoder() {}

    private static int[][] shifts() {
        int[][] shifts = new int[5][LANES];
        for (int bits = 0; bits <= 4; bits++) {
            for (int lane = 0; lane < LANES; lane++) {
                shifts[bits][lane] = 8 * (lane % 4) + bits * (lane / 4);
            }
        }
        return shifts;
    }

    /** Decodes one row into {@code target[offset …]}. */
    static void decodeRow(PackedLayout layout, MemorySegment source, int row, float[] target, int offset) {
        int columns = layout.columns();
        int whole = columns / RUN_COLUMNS * RUN_COLUMNS;
        int groupColumns = layout.scheme().groupColumns(columns);
        long lane = 4L * (row % PackedLayout.TILE_ROWS);
        long codes = row / PackedLayout.TILE_ROWS * layout.tileBytes() + layout.codesOffset() + lane;
        for (int group = 0; group < layout.groups(); group++) {
            // Binary codes: s · (2c − 1) = 2s · (c − ½), both exact.
            float scale = PackedCodec.scale(layout, source, row, group) * layout.scheme().step();
            float zero = (float) PackedCodec.zero(layout, source, row, group) / layout.scheme().step();
            int start = group * groupColumns;
            int end = Math.min(whole, start + groupColumns);
            if (end > start) {
                MemorySegment part = source.asSlice(codes + (long) start / RUN_COLUMNS * layout.runBytes());
                runs(layout.scheme().bits(), part, (end - start) / RUN_COLUMNS, new Affine(scale, zero), new Block(target, offset + start, columns));
            }
        }
        tail(layout, source, row, target, offset);
    }

    /** weight = scale · (code − zero). */
    private record Affine(float scale, float zero) {}

    private static void runs(int bits, MemorySegment part, int runs, Affine affine, Block target) {
        switch (bits) {
            case 3 -> threeBits(part, runs, affine, target);
            case 5, 6 -> fourBitsAndMore(bits - 4, part, runs, affine, target);
            case 8 -> eightBits(part, runs, affine, target);
            default -> plane(bits, part, runs, affine, target);
        }
    }

    /** The constant trip count of the inner loop lets the compiler unroll it, which makes it three times as fast. */
    private static void plane(int bits, MemorySegment part, int runs, Affine affine, Block target) {
        float[] values = target.values();
        IntVector shift = IntVector.fromArray(INTEGERS, SHIFTS[bits], 0);
        IntVector mask = IntVector.broadcast(INTEGERS, (1 << bits) - 1);
        FloatVector zero = FloatVector.broadcast(FLOATS, affine.zero());
        FloatVector scale = FloatVector.broadcast(FLOATS, affine.scale());
        int remainder = 4 / bits - 1;
        for (int run = 0; run < runs; run++) {
            long vector = (long) run * bits;
            for (int block = 0; block < BLOCKS; block++) {
                int word = part.get(WORD, (vector + block * bits / 4) * VECTOR_BYTES);
                word >>>= 2 * bits * (block & remainder);
                IntVector code = IntVector.broadcast(INTEGERS, word).lanewise(VectorOperators.LSHR, shift).and(mask);
                ((FloatVector) code.convert(VectorOperators.I2F, 0)).sub(zero).mul(scale)
                        .intoArray(values, target.offset() + run * RUN_COLUMNS + block * LANES);
            }
        }
    }

    private static void threeBits(MemorySegment part, int runs, Affine affine, Block target) {
        float[] values = target.values();
        IntVector lowShift = IntVector.fromArray(INTEGERS, SHIFTS[2], 0);
        IntVector highShift = IntVector.fromArray(INTEGERS, SHIFTS[1], 0);
        FloatVector zero = FloatVector.broadcast(FLOATS, affine.zero());
        FloatVector scale = FloatVector.broadcast(FLOATS, affine.scale());
        for (int run = 0; run < runs; run++) {
            long at = (long) run * 3 * VECTOR_BYTES;
            int high = part.get(WORD, at + 2 * VECTOR_BYTES);
            for (int block = 0; block < BLOCKS; block++) {
                int low = part.get(WORD, at + (long) (block / 2) * VECTOR_BYTES) >>> (4 * (block % 2));
                IntVector code = IntVector.broadcast(INTEGERS, low).lanewise(VectorOperators.LSHR, lowShift).and(3);
                IntVector top = IntVector.broadcast(INTEGERS, high >>> (2 * block)).lanewise(VectorOperators.LSHR, highShift).and(1);
                code = top.lanewise(VectorOperators.LSHL, 2).or(code);
                ((FloatVector) code.convert(VectorOperators.I2F, 0)).sub(zero).mul(scale)
                        .intoArray(values, target.offset() + run * RUN_COLUMNS + block * LANES);
            }
        }
    }

    private static void fourBitsAndMore(int highBits, MemorySegment part, int runs, Affine affine, Block target) {
        float[] values = target.values();
        IntVector lowShift = IntVector.fromArray(INTEGERS, SHIFTS[4], 0);
        IntVector highShift = IntVector.fromArray(INTEGERS, SHIFTS[highBits], 0);
        FloatVector zero = FloatVector.broadcast(FLOATS, affine.zero());
        FloatVector scale = FloatVector.broadcast(FLOATS, affine.scale());
        int mask = (1 << highBits) - 1;
        int remainder = 4 / highBits - 1;
        for (int run = 0; run < runs; run++) {
            long at = (long) run * (4 + highBits) * VECTOR_BYTES;
            for (int block = 0; block < BLOCKS; block++) {
                int low = part.get(WORD, at + (long) block * VECTOR_BYTES);
                int high = part.get(WORD, at + (4L + block * highBits / 4) * VECTOR_BYTES) >>> (2 * highBits * (block & remainder));
                IntVector code = IntVector.broadcast(INTEGERS, low).lanewise(VectorOperators.LSHR, lowShift).and(15);
                IntVector top = IntVector.broadcast(INTEGERS, high).lanewise(VectorOperators.LSHR, highShift).and(mask);
                code = top.lanewise(VectorOperators.LSHL, 4).or(code);
                ((FloatVector) code.convert(VectorOperators.I2F, 0)).sub(zero).mul(scale)
                        .intoArray(values, target.offset() + run * RUN_COLUMNS + block * LANES);
            }
        }
    }

    private static void eightBits(MemorySegment part, int runs, Affine affine, Block target) {
        float[] values = target.values();
        IntVector shift = IntVector.fromArray(INTEGERS, SHIFTS[0], 0);
        VectorMask<Integer> upper = VectorMask.fromLong(INTEGERS, 0xf0);
        FloatVector zero = FloatVector.broadcast(FLOATS, affine.zero());
        FloatVector scale = FloatVector.broadcast(FLOATS, affine.scale());
        for (int run = 0; run < runs; run++) {
            long at = (long) run * 8 * VECTOR_BYTES;
            for (int block = 0; block < BLOCKS; block++) {
                int low = part.get(WORD, at + 2L * block * VECTOR_BYTES);
                int high = part.get(WORD, at + (2L * block + 1) * VECTOR_BYTES);
                IntVector words = IntVector.broadcast(INTEGERS, low).blend(high, upper);
                IntVector code = words.lanewise(VectorOperators.LSHR, shift).and(0xff);
                ((FloatVector) code.convert(VectorOperators.I2F, 0)).sub(zero).mul(scale)
                        .intoArray(values, target.offset() + run * RUN_COLUMNS + block * LANES);
            }
        }
    }

    /** The last, incomplete run. */
    private static void tail(PackedLayout layout, MemorySegment source, int row, float[] target, int offset) {
        int columns = layout.columns();
        int groupColumns = layout.scheme().groupColumns(columns);
        for (int column = columns / RUN_COLUMNS * RUN_COLUMNS; column < columns; column++) {
            int group = column / groupColumns;
            float scale = PackedCodec.scale(layout, source, row, group);
            target[offset + column] =
                    scale * (layout.scheme().step() * PackedCodec.code(layout, source, row, column) - PackedCodec.zero(layout, source, row, group));
        }
    }
}
