package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Trellis;

/**
 * Decodes rows of matrices with a {@link Trellis}. A run of 32 columns is unpacked to codes word by word (layout: {@link
 * PackedLayout}), then the codes go through the register one after the other. Reference: {@link PackedCodec#decodeRow}, equal in
 * every bit.
 */
final class TrellisDecoder {
    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int RUN_COLUMNS = PackedLayout.RUN_COLUMNS;
    private static final int VECTOR_BYTES = 64;
    private static final float[][] VALUES = {null, Trellis.values(1), Trellis.values(2), Trellis.values(3), Trellis.values(4)};

    private TrellisDecoder() {}

    /** Decodes one row into {@code target[offset …]}. */
    static void decodeRow(PackedLayout layout, MemorySegment source, int row, float[] target, int offset) {
        int bits = layout.scheme().bits();
        int groupColumns = layout.scheme().groupColumns(layout.columns());
        long at = row / PackedLayout.TILE_ROWS * layout.tileBytes() + layout.codesOffset() + 4L * (row % PackedLayout.TILE_ROWS);
        int[] codes = new int[RUN_COLUMNS];
        float[] values = VALUES[bits];
        int state = 0;
        int group = 0;
        float scale = PackedCodec.scale(layout, source, row, 0);
        for (int start = 0; start < layout.columns(); start += RUN_COLUMNS) {
            unpack(bits, source, at + (long) (start / RUN_COLUMNS) * layout.runBytes(), codes);
            if (start / groupColumns != group) { // groups are whole runs, or the whole row
                group = start / groupColumns;
                scale = PackedCodec.scale(layout, source, row, group);
            }
            int count = Math.min(RUN_COLUMNS, layout.columns() - start);
            for (int c = 0; c < count; c++) {
                state = Trellis.next(state, codes[c], bits);
                target[offset + start + c] = scale * values[state];
            }
        }
    }

    private static void unpack(int bits, MemorySegment source, long run, int[] codes) {
        if (bits == 3) {
            plane(2, 0, source, run, codes);
            plane(1, 2, source, run + 2L * VECTOR_BYTES, codes);
        } else {
            plane(bits, 0, source, run, codes);
        }
    }

    /** Reads a plane of {@code bits} bits into the codes of a run; bits from {@code shift} on, of which those below are there already. */
    private static void plane(int bits, int shift, MemorySegment source, long run, int[] codes) {
        int columns = RUN_COLUMNS / bits;
        int mask = (1 << bits) - 1;
        for (int vector = 0; vector < bits; vector++) {
            int word = source.get(WORD, run + (long) vector * VECTOR_BYTES);
            for (int c = 0; c < columns; c++) {
                int code = (word >>> (8 * (c % 4) + bits * (c / 4))) & mask;
                int column = vector * columns + c;
                codes[column] = shift == 0 ? code : codes[column] | (code << shift);
            }
        }
    }
}
