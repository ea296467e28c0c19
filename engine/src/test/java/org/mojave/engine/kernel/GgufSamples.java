package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.mojave.format.gguf.GgufTensor;
import org.mojave.format.gguf.GgufType;

/** Seeded matrices of GGUF types. */
final class GgufSamples {
    private GgufSamples() {}

    static List<GgufType> types() {
        return List.of(GgufType.Q4_0, GgufType.Q4_1, GgufType.Q5_0, GgufType.Q5_1, GgufType.Q8_0, GgufType.Q2_K, GgufType.Q3_K,
                GgufType.Q4_K, GgufType.Q5_K, GgufType.Q6_K);
    }

    /** Any bytes are codes; the halves (scale, and minimum where there is one) are finite, of either sign, and so are exponents. */
    static GgufMatrix random(GgufType type, int rows, int columns, Random random) {
        int blocks = rows * columns / type.blockElements();
        byte[] bytes = new byte[blocks * type.blockBytes()];
        random.nextBytes(bytes);
        MemorySegment memory = MemorySegment.ofArray(bytes);
        for (int block = 0; block < blocks; block++) {
            if (type == GgufType.MXFP4) {
                bytes[block * type.blockBytes()] = 120;
                continue;
            }
            for (int half : halves(type)) {
                float value = (random.nextFloat() - 0.3f) * 0.02f;
                memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, (long) block * type.blockBytes() + half, Float.floatToFloat16(value));
            }
        }
        return new GgufMatrix(new GgufTensor("w", type, List.of((long) rows, (long) columns), memory));
    }

    private static int[] halves(GgufType type) {
        return switch (type) {
            case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
            case Q2_K -> new int[] {80, 82};
            case Q3_K -> new int[] {108};
            case Q6_K -> new int[] {208};
            default -> new int[] {0};
        };
    }
}
