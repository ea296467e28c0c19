package org.mojave.engine.kernel;

import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/**
 * Tiles of 16 rows times one token with many zeros, in Java vectors: vectors of 64 bytes of codes that meet zeros only are not read. Lanes
 * are rows, as in {@link TileProduct}, and the sums do not depend on the width. Reference: {@link ScalarReference#multiply}.
 */
final class SparseTileProduct {
    private static final VectorSpecies<Integer> INTEGERS =
            IntVector.SPECIES_PREFERRED.length() > PackedLayout.TILE_ROWS ? IntVector.SPECIES_512 : IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> FLOATS = INTEGERS.withLanes(float.class);
    private static final int LANES = INTEGERS.length();
    private static final int VECTOR_BYTES = 64;
    private static final int TILE_ROWS = PackedLayout.TILE_ROWS;
    private static final long TASK_BYTES = 128 << 10;

    private final PackedMatrix w;
    private final PackedLayout layout;
    private final int bits;
    private final int unitColumns;
    /** Activations, padded with zeros to whole runs. */
    private final float[] x;
    /** Per weight group: the sum of its activations, and its first vector of codes in {@link #lines}. */
    private final float[] sums;
    private final int[] starts;
    private final int[] lines;

    /** Whether all bits of a code lie in one plane, and can be read as they lie. */
    static boolean supports(Scheme scheme) {
        return TileProduct.supports(scheme) && scheme.bits() != 3;
    }

    /** Finds out what of that matrix meets activations that are not zero. */
    private SparseTileProduct(PackedMatrix w, Block activations) {
        this.w = w;
        layout = w.layout();
        bits = layout.scheme().bits();
        unitColumns = PackedLayout.RUN_COLUMNS / bits;
        x = new float[layout.runs() * PackedLayout.RUN_COLUMNS];
        System.arraycopy(activations.values(), activations.offset(), x, 0, w.columns());
        int groupColumns = layout.scheme().groupColumns(w.columns());
        sums = new float[layout.groups()];
        starts = new int[layout.groups() + 1];
        lines = new int[layout.runs() * bits];
        int count = 0;
        for (int group = 0; group < layout.groups(); group++) {
            starts[group] = count;
            int end = Math.min(w.columns(), (group + 1) * groupColumns);
            for (int c = group * groupColumns; c < end; c += unitColumns) {
                boolean any = false;
                for (int i = c; i < Math.min(end, c + unitColumns); i++) {
                    sums[group] += x[i];
                    any |= x[i] != 0;
                }
                if (any) {
                    lines[count++] = c / unitColumns;
                }
            }
        }
        starts[layout.groups()] = count;
    }

    /** Computes the wanted tiles of an entry. */
    static void multiply(PackedMatrix w, ProductList.Entry entry, ProductList list, Workers workers) {
        SparseTileProduct product = new SparseTileProduct(w, entry.input().x());
        int[] tiles = entry.tiles();
        int part = (int) Math.max(1, TASK_BYTES / w.layout().tileBytes());
        workers.run(Math.ceilDiv(tiles.length, part), (index, _) -> {
            float[] rows = new float[TILE_ROWS];
            for (int i = index * part; i < Math.min(tiles.length, (index + 1) * part); i++) {
                product.tile(tiles[i], rows);
                int first = tiles[i] * TILE_ROWS;
                System.arraycopy(rows, 0, entry.y().values(), entry.y().offset() + first, Math.min(TILE_ROWS, w.rows() - first));
            }
        });
        long read = w.layout().codesOffset() + (long) VECTOR_BYTES * product.starts[w.layout().groups()];
        list.spare(w.storedBytes() - tiles.length * read);
    }

    private void tile(int tile, float[] target) {
        float[] scales = new float[TILE_ROWS];
        float[] zeros = new float[TILE_ROWS];
        Arrays.fill(target, 0);
        long codes = tile * layout.tileBytes() + layout.codesOffset();
        for (int group = 0; group < layout.groups(); group++) {
            if (starts[group] < starts[group + 1]) {
                factors(tile, group, scales, zeros);
                for (int row = 0; row < TILE_ROWS; row += LANES) {
                    FloatVector dot = group(codes + 4L * row, group).sub(FloatVector.fromArray(FLOATS, zeros, row).mul(sums[group]));
                    FloatVector.fromArray(FLOATS, scales, row).fma(dot, FloatVector.fromArray(FLOATS, target, row)).intoArray(target, row);
                }
            }
        }
    }

    /** Scales and zeros of a group of a tile's rows; 0 for rows that only fill the tile. */
    private void factors(int tile, int group, float[] scales, float[] zeros) {
        int rows = Math.min(TILE_ROWS, layout.rows() - tile * TILE_ROWS);
        int step = layout.scheme().step();
        for (int r = 0; r < rows; r++) {
            scales[r] = PackedCodec.scale(layout, w.bytes(), tile * TILE_ROWS + r, group) * step;
            zeros[r] = (float) PackedCodec.zero(layout, w.bytes(), tile * TILE_ROWS + r, group) / step;
        }
    }

    /** Σ code · x of LANES rows over a group's vectors: field j of byte c of a lane is column 4 · j + c of a vector. */
    private FloatVector group(long codes, int group) {
        IntVector mask = IntVector.broadcast(INTEGERS, (1 << bits) - 1);
        FloatVector s0 = FloatVector.zero(FLOATS), s1 = s0, s2 = s0, s3 = s0;
        for (int i = starts[group]; i < starts[group + 1]; i++) {
            IntVector c0 = IntVector.fromMemorySegment(INTEGERS, w.bytes(), codes + (long) VECTOR_BYTES * lines[i], ByteOrder.LITTLE_ENDIAN);
            IntVector c1 = c0.lanewise(VectorOperators.LSHR, 8);
            IntVector c2 = c0.lanewise(VectorOperators.LSHR, 16);
            IntVector c3 = c0.lanewise(VectorOperators.LSHR, 24);
            int first = lines[i] * unitColumns;
            for (int c = first; c < first + unitColumns; c += 4) {
                s0 = step(c0, mask, x[c], s0);
                s1 = step(c1, mask, x[c + 1], s1);
                s2 = step(c2, mask, x[c + 2], s2);
                s3 = step(c3, mask, x[c + 3], s3);
                c0 = c0.lanewise(VectorOperators.LSHR, bits);
                c1 = c1.lanewise(VectorOperators.LSHR, bits);
                c2 = c2.lanewise(VectorOperators.LSHR, bits);
                c3 = c3.lanewise(VectorOperators.LSHR, bits);
            }
        }
        return s0.add(s1).add(s2.add(s3));
    }

    private static FloatVector step(IntVector codes, IntVector mask, float activation, FloatVector sum) {
        FloatVector code = (FloatVector) codes.and(mask).convert(VectorOperators.I2F, 0);
        return code.fma(FloatVector.broadcast(FLOATS, activation), sum);
    }
}
