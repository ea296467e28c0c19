package org.mojave.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.mojave.engine.kernel.DenseMatrix;
import org.mojave.engine.kernel.GgufMatrix;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.PackedMatrix;
import org.mojave.format.gguf.GgufTensor;
import org.mojave.format.gguf.GgufType;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.FloatDecoder;
import org.mojave.format.tensor.TensorData;

/** Seeded matrices in every storage. */
final class SampleMatrices {
    private static final long SEED = 1;

    private SampleMatrices() {}

    static float[] floats(int count) {
        Random random = new Random(SEED);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** {@code storage}: f32, bf16, f16, the id of a scheme, or the lower-case name of a GGUF type of blocks. */
    static Matrix matrix(String storage, int rows, int columns, Arena arena) {
        return switch (storage) {
            case "f32" -> dense(ElementType.F32, rows, columns, arena);
            case "bf16" -> dense(ElementType.BF16, rows, columns, arena);
            case "f16" -> dense(ElementType.F16, rows, columns, arena);
            case String blocks when blocks.startsWith("q") -> gguf(GgufType.valueOf(blocks.toUpperCase(Locale.ROOT)), rows, columns, arena);
            default -> packed(Scheme.parse(storage), rows, columns, arena);
        };
    }

    private static Matrix dense(ElementType type, int rows, int columns, Arena arena) {
        float[] values = floats(rows * columns);
        MemorySegment memory = arena.allocate((long) values.length * type.bytes(), 64);
        for (int i = 0; i < values.length; i++) {
            if (type == ElementType.F32) {
                memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
            } else {
                short bits = type == ElementType.F16 ? Float.floatToFloat16(values[i]) : FloatDecoder.toBfloat16(values[i]);
                memory.setAtIndex(ValueLayout.JAVA_SHORT, i, bits);
            }
        }
        return new DenseMatrix(new TensorData("w", type, List.of((long) rows, (long) columns), memory));
    }

    /** Every 16 bits are a float16 between 2^−7 and ¼: as scales ordinary numbers, as codes as good as any. */
    private static Matrix gguf(GgufType type, int rows, int columns, Arena arena) {
        Random random = new Random(SEED);
        MemorySegment memory = arena.allocate((long) rows * columns / type.blockElements() * type.blockBytes(), 64);
        for (long at = 0; at + 1 < memory.byteSize(); at += 2) {
            memory.set(ValueLayout.JAVA_SHORT, at, (short) ((random.nextInt() & 0x2fff) | 0x2000));
        }
        return new GgufMatrix(new GgufTensor("w", type, List.of((long) rows, (long) columns), memory));
    }

    private static Matrix packed(Scheme scheme, int rows, int columns, Arena arena) {
        Random random = new Random(SEED);
        byte[] codes = new byte[rows * columns];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) random.nextInt(scheme.largestCode() + 1);
        }
        float[] scales = new float[rows * scheme.groups(columns)];
        Arrays.fill(scales, 0.0625f);
        byte[] zeros = new byte[scheme.symmetric() ? 0 : scales.length];
        CodedMatrix coded = new CodedMatrix(scheme, rows, columns, codes, scales, zeros);
        MemorySegment memory = arena.allocate(coded.layout().bytes(), 64);
        PackedCodec.pack(coded, memory);
        return new PackedMatrix(coded.layout(), memory);
    }
}
