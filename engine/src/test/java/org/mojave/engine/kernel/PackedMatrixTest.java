package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.CheckpointException;

class PackedMatrixTest {
    private static final long SEED = 77;

    static List<PackedLayout> layouts() {
        List<PackedLayout> layouts = new ArrayList<>();
        for (int bits : new int[] {1, 2, 3, 4, 5, 6, 8}) {
            for (int group : new int[] {Scheme.WHOLE_ROW, 32, 64, 128}) {
                if (bits == 1) {
                    layouts.add(new PackedLayout(new Scheme(1, group, true, false, false, true), 37, 317));
                }
                for (boolean symmetric : new boolean[] {true, false}) {
                    layouts.add(new PackedLayout(new Scheme(bits, group, symmetric), 37, 317));
                    layouts.add(new PackedLayout(new Scheme(bits, group, symmetric), 16, 256));
                    layouts.add(new PackedLayout(new Scheme(bits, group, symmetric), 3, 20));
                    if (symmetric && bits <= 4) {
                        layouts.add(new PackedLayout(new Scheme(bits, group, true, group != Scheme.WHOLE_ROW, true), 37, 317));
                    }
                    if (group != Scheme.WHOLE_ROW) {
                        layouts.add(new PackedLayout(new Scheme(bits, group, symmetric, true), 37, 317));
                    }
                }
            }
        }
        return layouts;
    }

    static PackedMatrix random(PackedLayout layout, Arena arena) {
        Random random = new Random(SEED);
        byte[] codes = new byte[layout.rows() * layout.columns()];
        float[] scales = new float[layout.rows() * layout.groups()];
        byte[] zeros = new byte[layout.scheme().symmetric() ? 0 : scales.length];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) random.nextInt(layout.scheme().largestCode() + 1);
        }
        for (int i = 0; i < scales.length; i++) {
            scales[i] = Float.float16ToFloat(Float.floatToFloat16(random.nextFloat() * 0.1f));
        }
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = (byte) random.nextInt(layout.scheme().largestCode() + 1);
        }
        MemorySegment memory = arena.allocate(layout.bytes(), 64);
        float[] units = new float[layout.scheme().sixBitScales() ? layout.rows() : 0];
        for (int row = 0; row < units.length; row++) {
            units[row] = Float.float16ToFloat(Float.floatToFloat16(random.nextFloat() * 0.01f));
            for (int group = 0; group < layout.groups(); group++) {
                scales[row * layout.groups() + group] = units[row] * (random.nextInt(64) - (layout.scheme().signedScales() ? 32 : 0));
            }
        }
        PackedCodec.pack(new CodedMatrix(layout.scheme(), layout.rows(), layout.columns(), codes, scales, zeros, units), memory);
        return new PackedMatrix(layout, memory);
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void fastDecodersEqualTheScalarOneInEveryBit(PackedLayout layout) {
        try (Arena arena = Arena.ofConfined()) {
            PackedMatrix matrix = random(layout, arena);
            int columns = layout.columns();
            float[] expected = new float[columns];
            float[] actual = new float[columns + 7];
            float[] all = new float[layout.rows() * columns];
            matrix.decode(0, layout.rows(), all, 0);
            for (int row = 0; row < layout.rows(); row++) {
                PackedCodec.decodeRow(layout, matrix.bytes(), row, expected, 0);
                if (layout.scheme().trellis()) {
                    TrellisDecoder.decodeRow(layout, matrix.bytes(), row, actual, 7);
                } else {
                    PackedDecoder.decodeRow(layout, matrix.bytes(), row, actual, 7);
                }
                assertThat(Arrays.copyOfRange(actual, 7, actual.length)).as("row %d, seed %d", row, SEED).isEqualTo(expected);
                assertThat(Arrays.copyOfRange(all, row * columns, (row + 1) * columns)).isEqualTo(expected);
            }
        }
    }

    @Test
    void wrongSizesAndRowsAreNamed() {
        PackedLayout layout = new PackedLayout(Scheme.parse("4g128s"), 32, 256);
        MemorySegment small = MemorySegment.ofArray(new byte[100]);
        assertThatThrownBy(() -> PackedMatrix.of("model.safetensors: layers.0.query", layout, small))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith("model.safetensors: layers.0.query: holds 100 bytes")
                .hasMessageContaining("32 × 256 matrix of scheme 4g128s takes 4224");
        PackedMatrix matrix = PackedMatrix.of("here", layout, MemorySegment.ofArray(new byte[4224]));
        assertThat(matrix.storage()).isEqualTo("4g128s");
        assertThat(matrix.storedBytes()).isEqualTo(4224);
        assertThatThrownBy(() -> matrix.decode(31, 2, new float[512], 0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> matrix.decode(0, 2, new float[511], 0)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
