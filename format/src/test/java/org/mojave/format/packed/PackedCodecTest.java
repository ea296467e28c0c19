package org.mojave.format.packed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PackedCodecTest {
    private static final long SEED = 20_261_125;

    static List<PackedLayout> layouts() {
        List<PackedLayout> layouts = new ArrayList<>();
        int[][] shapes = {{1, 1}, {16, 32}, {17, 33}, {5, 300}, {48, 128}, {31, 127}, {33, 96}};
        for (int bits : new int[] {1, 2, 3, 4, 5, 6, 8}) {
            for (int group : new int[] {Scheme.WHOLE_ROW, 32, 64, 128}) {
                for (boolean symmetric : new boolean[] {true, false}) {
                    for (int[] shape : shapes) {
                        if (symmetric && bits == 1) {
                            layouts.add(new PackedLayout(new Scheme(1, group, true, false, false, true), shape[0], shape[1]));
                        }
                        layouts.add(new PackedLayout(new Scheme(bits, group, symmetric), shape[0], shape[1]));
                        if (symmetric && bits <= 4) {
                            layouts.add(new PackedLayout(new Scheme(bits, group, true, group != Scheme.WHOLE_ROW, true), shape[0], shape[1]));
                        }
                        if (group != Scheme.WHOLE_ROW) {
                            layouts.add(new PackedLayout(new Scheme(bits, group, symmetric, true), shape[0], shape[1]));
                        }
                    }
                }
            }
        }
        return layouts;
    }

    static CodedMatrix random(PackedLayout layout, Random random) {
        int largest = layout.scheme().largestCode();
        byte[] codes = new byte[layout.rows() * layout.columns()];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) random.nextInt(largest + 1);
        }
        float[] scales = new float[layout.rows() * layout.groups()];
        byte[] zeros = new byte[layout.scheme().symmetric() ? 0 : scales.length];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = Float.float16ToFloat(Float.floatToFloat16(random.nextFloat() + 0.01f));
        }
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = (byte) random.nextInt(largest + 1);
        }
        float[] units = new float[layout.scheme().sixBitScales() ? layout.rows() : 0];
        for (int row = 0; row < units.length; row++) {
            units[row] = Float.float16ToFloat(Float.floatToFloat16(random.nextFloat() + 0.01f));
            for (int group = 0; group < layout.groups(); group++) {
                scales[row * layout.groups() + group] = units[row] * (random.nextInt(64) - (layout.scheme().signedScales() ? 32 : 0));
            }
        }
        return new CodedMatrix(layout.scheme(), layout.rows(), layout.columns(), codes, scales, zeros, units);
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void unpackingGivesWhatWasPacked(PackedLayout layout) {
        CodedMatrix matrix = random(layout, new Random(SEED));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(layout.bytes(), 64).fill((byte) 0x5a);
            PackedCodec.pack(matrix, memory);
            CodedMatrix back = PackedCodec.unpack(layout, memory);
            assertThat(back.codes()).as("seed %d", SEED).isEqualTo(matrix.codes());
            assertThat(back.scales()).isEqualTo(matrix.scales());
            assertThat(back.zeros()).isEqualTo(matrix.zeros());
            assertThat(back.units()).isEqualTo(matrix.units());
            float[] row = new float[layout.columns() + 1];
            int last = layout.rows() - 1;
            PackedCodec.decodeRow(layout, memory, last, row, 1);
            for (int c = 0; c < layout.columns(); c++) {
                assertThat(row[c + 1]).isEqualTo(matrix.weight(last, c));
            }
        }
    }

    /** Bytes worked out by hand from the Javadoc of {@link PackedLayout}, so that the layout cannot drift with the codec. */
    @Test
    void bytesLieWhereTheLayoutSays() {
        PackedLayout four = new PackedLayout(new Scheme(4, 32, false), 16, 32);
        byte[] codes = new byte[16 * 32];
        codes[3 * 32 + 13] = 11;
        float[] scales = new float[16];
        scales[3] = 0.5f;
        byte[] zeros = new byte[16];
        zeros[3] = 5;
        zeros[11] = 9;
        byte[] bytes = packed(new CodedMatrix(four.scheme(), 16, 32, codes, scales, zeros));
        // Scales 32 bytes padded to 64, zeros 8 bytes padded to 64, then column 13 = vector 1, column 5 of it: j = 1, c = 1.
        assertThat(bytes).hasSize(64 + 64 + 256);
        assertThat(bytes[7]).isEqualTo((byte) 0x38);
        assertThat(bytes[64 + 3]).isEqualTo((byte) 0x95);
        assertThat(bytes[128 + 64 + 4 * 3 + 1]).isEqualTo((byte) 0xb0);

        PackedLayout three = new PackedLayout(new Scheme(3, Scheme.WHOLE_ROW, true), 16, 32);
        codes[3 * 32 + 13] = 0;
        codes[2 * 32 + 22] = 6;
        bytes = packed(new CodedMatrix(three.scheme(), 16, 32, codes, new float[16], new byte[0]));
        // Column 22: in the 2-bit plane vector 1, column 6: j = 1, c = 2; in the 1-bit plane j = 5, c = 2.
        assertThat(bytes).hasSize(64 + 192);
        assertThat(bytes[64 + 64 + 4 * 2 + 2]).isEqualTo((byte) (2 << 2));
        assertThat(bytes[64 + 128 + 4 * 2 + 2]).isEqualTo((byte) (1 << 5));
    }

    private static byte[] packed(CodedMatrix matrix) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(matrix.layout().bytes(), 64);
            PackedCodec.pack(matrix, memory);
            return memory.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    @Test
    void sixBitScalesLieWhereTheLayoutSays() {
        PackedLayout layout = new PackedLayout(new Scheme(2, 32, true, true), 16, 64);
        float[] units = new float[16];
        float[] scales = new float[32];
        units[13] = 0.5f;
        scales[13 * 2 + 1] = -0.5f * 23; // six bits of −23: 10 1001
        byte[] bytes = packed(new CodedMatrix(layout.scheme(), 16, 64, new byte[16 * 64], scales, new byte[0], units));
        assertThat(bytes).hasSize(32 + 24 + 8 + 2 * 128);
        assertThat(bytes[26]).isZero();
        assertThat(bytes[27]).isEqualTo((byte) 0x38);
        assertThat(bytes[32 + 12 + 5]).isEqualTo((byte) (0b1001 << 4));
        assertThat(bytes[32 + 12 + 8 + 1]).isEqualTo((byte) (0b10 << 6));
    }

    @Test
    void refusesWhatCannotBeStored() {
        Scheme six = new Scheme(2, 32, true, true);
        CodedMatrix between = new CodedMatrix(six, 1, 4, new byte[4], new float[] {0.75f}, new byte[0], new float[] {0.5f});
        assertThatThrownBy(() -> PackedCodec.pack(between, MemorySegment.ofArray(new byte[(int) between.layout().bytes()])))
                .hasMessageContaining("0.75").hasMessageContaining("six-bit multiple of 0.5");

        Scheme scheme = new Scheme(2, 32, true);
        PackedLayout layout = new PackedLayout(scheme, 1, 4);
        MemorySegment memory = MemorySegment.ofArray(new byte[(int) layout.bytes()]);
        CodedMatrix fine = new CodedMatrix(scheme, 1, 4, new byte[4], new float[] {0.1f}, new byte[0]);
        assertThatThrownBy(() -> PackedCodec.pack(fine, memory)).hasMessageContaining("0.1").hasMessageContaining("float16");
        assertThatThrownBy(() -> PackedCodec.unpack(layout, memory.asSlice(1))).hasMessageContaining("bytes");
        assertThatThrownBy(() -> PackedCodec.code(layout, memory, 0, 4)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> PackedCodec.scale(layout, memory, 1, 0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> new CodedMatrix(scheme, 1, 4, new byte[] {0, 4, 0, 0}, new float[1], new byte[0]))
                .hasMessageContaining("code 4 at 1 is above 3");
        assertThatThrownBy(() -> new CodedMatrix(scheme, 1, 5, new byte[4], new float[1], new byte[0]))
                .hasMessageContaining("expected 5 codes, got 4");
    }
}
