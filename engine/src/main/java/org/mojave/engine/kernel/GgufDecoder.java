package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.mojave.format.gguf.GgufType;

/**
 * Decodes blocks of GGUF files in vectors, 16 columns at a time: low bits of 16 bytes, high bits of 16 others, then
 * {@code scale · (code − offset) − minimum}, in the order of the codecs ({@link org.mojave.format.gguf.codec}), which are the
 * reference: equal in every bit, for any width of the vectors. For one thread.
 */
final class GgufDecoder {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTEGERS = IntVector.SPECIES_PREFERRED;
    private static final int RUN = 16;
    private static final int LANES = Math.min(RUN, FLOATS.length());
    /** Bytes to a load: a lane's each, but no vector is shorter than 64 bits. */
    private static final VectorSpecies<Byte> BYTES = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.clamp(8L * LANES, 64, 128)));
    /** Width of the vectors of floats. */
    static final int BITS = Float.SIZE * LANES;
    private static final int PARTS = BYTES.length() / LANES;
    /** Whether the vectors have a width that this is made for. */
    static final boolean SUPPORTED = FLOATS.length() >= 4 && FLOATS.length() <= RUN;

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** Where {@link #fifthBits} go: after the longest block. */
    private static final int SPREAD = 256;

    private final GgufType type;
    private final byte[] block = new byte[SPREAD + 2 * RUN];
    private final MemorySegment bytes = MemorySegment.ofArray(block);

    GgufDecoder(GgufType type) {
        this.type = type;
    }

    /** Decodes {@code blocks} neighbouring blocks, the first at byte {@code at}. */
    void decode(MemorySegment source, long at, float[] target, int offset, int blocks) {
        int size = type.blockBytes();
        for (int b = 0; b < blocks; b++) {
            MemorySegment.copy(source, ValueLayout.JAVA_BYTE, at + (long) b * size, block, 0, size);
            int to = offset + b * type.blockElements();
            switch (type) {
                case Q2_K -> twoBits(target, to);
                case Q3_K -> threeBits(target, to);
                case Q4_K, Q5_K -> sixBitScales(target, to);
                case Q6_K -> sixBits(target, to);
                default -> smallBlock(target, to);
            }
        }
    }

    private float half(int at) {
        return Float.float16ToFloat(bytes.get(HALF, at));
    }

    private void twoBits(float[] target, int to) {
        float d = half(80);
        float e = half(82);
        for (int run = 0; run < RUN; run++) {
            int packed = block[run] & 0xff;
            int codes = 16 + 32 * (run / 8) + 16 * (run % 2);
            run(new Low(codes, run % 8 / 2 * 2, 3), new Values(d * (packed & 15), 0, e * (packed >> 4)), target, to + RUN * run);
        }
    }

    private void threeBits(float[] target, int to) {
        float d = half(108);
        for (int run = 0; run < RUN; run++) {
            int low = block[96 + run % 8] >> (run / 8 * 4) & 15;
            int high = block[104 + run % 4] >> (run / 4 * 2) & 3;
            Low codes = new Low(32 + 32 * (run / 8) + 16 * (run % 2), run % 8 / 2 * 2, 3);
            run(codes, new High(16 * (run % 2), run / 2, 1, 2), new Values(d * ((low | high << 4) - 32), 4, 0), target, to + RUN * run);
        }
    }

    /** Q4_K and Q5_K. */
    private void sixBitScales(float[] target, int to) {
        float d = half(0);
        float e = half(2);
        for (int run = 0; run < RUN; run++) {
            int pair = run / 2;
            Values values = new Values(d * scale(pair), 0, e * minimum(pair));
            int place = 32 * (run / 4) + 16 * (run % 2);
            if (type == GgufType.Q4_K) {
                run(new Low(16 + place, pair % 2 * 4, 15), values, target, to + RUN * run);
            } else {
                run(new Low(48 + place, pair % 2 * 4, 15), new High(16 + 16 * (run % 2), pair, 1, 4), values, target, to + RUN * run);
            }
        }
    }

    private int scale(int run) {
        return run < 4 ? block[4 + run] & 63 : (block[8 + run] & 15) | (block[run] & 0xc0) >> 2;
    }

    private int minimum(int run) {
        return run < 4 ? block[8 + run] & 63 : (block[8 + run] >> 4 & 15) | (block[4 + run] & 0xc0) >> 2;
    }

    private void sixBits(float[] target, int to) {
        float d = half(208);
        for (int run = 0; run < RUN; run++) {
            int quarter = run % 8 / 2;
            int column = run % 2 * 16;
            Low low = new Low(64 * (run / 8) + 32 * (quarter % 2) + column, quarter / 2 * 4, 15);
            High high = new High(128 + 32 * (run / 8) + column, quarter * 2, 3, 4);
            run(low, high, new Values(d * block[192 + run], 32, 0), target, to + RUN * run);
        }
    }

    /** The types with blocks of 32. */
    private void smallBlock(float[] target, int to) {
        float d = half(0);
        if (type == GgufType.Q8_0) {
            run(new Low(2, 0, -1), new Values(d, 0, 0), target, to);
            run(new Low(2 + RUN, 0, -1), new Values(d, 0, 0), target, to + RUN);
            return;
        }
        boolean minimum = type == GgufType.Q4_1 || type == GgufType.Q5_1;
        boolean fifth = type == GgufType.Q5_0 || type == GgufType.Q5_1;
        int bits = minimum ? 4 : 2;
        int codes = bits + (fifth ? 4 : 0);
        Values values = minimum ? new Values(d, 0, -half(2)) : new Values(d, fifth ? 16 : 8, 0);
        if (!fifth) {
            run(new Low(codes, 0, 15), values, target, to);
            run(new Low(codes, 4, 15), values, target, to + RUN);
            return;
        }
        fifthBits(bits);
        run(new Low(codes, 0, 15), new High(SPREAD, 0, 1, 4), values, target, to);
        run(new Low(codes, 4, 15), new High(SPREAD + RUN, 0, 1, 4), values, target, to + RUN);
    }

    /** 32 bits to a byte each. */
    private void fifthBits(int at) {
        for (int i = 0; i < 2 * RUN; i++) {
            block[SPREAD + i] = (byte) (block[at + i / 8] >> (i % 8) & 1);
        }
    }

    /** Bits {@code shift …} of 16 bytes. */
    private record Low(int at, int shift, int mask) {}

    /** Bits {@code shift …} of 16 bytes, to stand {@code up} bits further left. */
    private record High(int at, int shift, int mask, int up) {}

    /** weight = scale · (code − offset) − minimum. */
    private record Values(float scale, int offset, float minimum) {}

    private void run(Low low, Values values, float[] target, int to) {
        for (int i = 0; i < RUN; i += BYTES.length()) {
            ByteVector b = ByteVector.fromArray(BYTES, block, low.at() + i);
            for (int part = 0; part < PARTS; part++) {
                IntVector code = (IntVector) b.castShape(INTEGERS, part);
                store(code.lanewise(VectorOperators.LSHR, low.shift()).and(low.mask()), values, target, to + i + part * LANES);
            }
        }
    }

    private void run(Low low, High high, Values values, float[] target, int to) {
        for (int i = 0; i < RUN; i += BYTES.length()) {
            ByteVector a = ByteVector.fromArray(BYTES, block, low.at() + i);
            ByteVector b = ByteVector.fromArray(BYTES, block, high.at() + i);
            for (int part = 0; part < PARTS; part++) {
                IntVector code = (IntVector) a.castShape(INTEGERS, part);
                IntVector top = (IntVector) b.castShape(INTEGERS, part);
                code = code.lanewise(VectorOperators.LSHR, low.shift()).and(low.mask());
                top = top.lanewise(VectorOperators.LSHR, high.shift()).and(high.mask()).lanewise(VectorOperators.LSHL, high.up());
                store(code.or(top), values, target, to + i + part * LANES);
            }
        }
    }

    private static void store(IntVector code, Values values, float[] target, int to) {
        FloatVector x = (FloatVector) code.sub(values.offset()).convert(VectorOperators.I2F, 0);
        x.mul(values.scale()).sub(values.minimum()).intoArray(target, to);
    }
}
