package org.mojave.compress.sensitivity;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.mojave.compress.quantize.Clip;
import org.mojave.compress.quantize.Fidelity;
import org.mojave.compress.quantize.Rtn;
import org.mojave.compress.quantize.Statistics;
import org.mojave.compress.quantize.WeightMatrix;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.PackedMatrix;
import org.mojave.engine.kernel.Workers;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/** Rounds an embedding or head into memory, as the job does, slab by slab. */
final class VocabularyTrial {
    private static final int SLAB_WEIGHTS = 1 << 20;

    private VocabularyTrial() {}

    /** The matrix in that scheme, in memory of the arena. */
    static PackedMatrix round(String name, Matrix source, Scheme scheme, Arena arena, Workers workers) {
        PackedLayout layout = new PackedLayout(scheme, source.rows(), source.columns());
        MemorySegment bytes = arena.allocate(layout.bytes(), PackedLayout.ALIGNMENT);
        int tiles = Math.max(1, SLAB_WEIGHTS / source.columns() / PackedLayout.TILE_ROWS);
        int step = tiles * PackedLayout.TILE_ROWS;
        workers.run(Math.ceilDiv(source.rows(), step), (index, _) -> {
            int first = index * step;
            int rows = Math.min(step, source.rows() - first);
            float[] values = new float[rows * source.columns()];
            source.decode(first, rows, values, 0);
            PackedLayout slab = new PackedLayout(scheme, rows, source.columns());
            Rtn rounding = scheme.sixBitScales() ? new Rtn(Clip.ACTIVITY, Fidelity.NATIVE) : new Rtn();
            PackedCodec.pack(rounding.quantize(new WeightMatrix(name, rows, source.columns(), values),
                    Statistics.NONE, scheme).coded(), bytes.asSlice((long) index * tiles * layout.tileBytes(), slab.bytes()));
        });
        return new PackedMatrix(layout, bytes);
    }
}
