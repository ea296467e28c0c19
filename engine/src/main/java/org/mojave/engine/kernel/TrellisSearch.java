package org.mojave.engine.kernel;

import java.util.Optional;
import org.mojave.format.packed.Trellis;

/**
 * Chooses the codes of one row of a {@link Trellis} scheme: the column loop of GPTQ (Frantar et al. 2022) on many paths through the
 * trellis at once (the M algorithm). Each path carries the weights as its own errors have changed them; after each column the paths of
 * least loss survive, of those with the same register only the best, since they have much the same future. One path and no register
 * would be GPTQ.
 *
 * <p>Belongs to one thread; reused row after row. Two implementations find the same codes: {@link NativeTrellisSearch}, and
 * {@link PortableTrellisSearch} where there are no native kernels.
 */
public sealed interface TrellisSearch permits NativeTrellisSearch, PortableTrellisSearch {
    /** Columns between which errors are spread one by one; they reach the columns beyond all at once. */
    int STRIP_COLUMNS = 32;

    /**
     * What is searched.
     *
     * @param columns of a row
     * @param bits of a code, 1 to 4
     * @param width most paths, at most 32767
     */
    record Shape(int columns, int bits, int width) {
        public Shape {
            if (columns < 1 || bits < 1 || bits > 4 || width < 1 || width > Short.MAX_VALUE) {
                throw new IllegalArgumentException("no search for " + columns + " columns, " + bits + " bits, " + width + " paths");
            }
        }

        /** Bytes that a search takes, about. */
        public long bytes() {
            return (long) width * (columns * (2L * Float.BYTES + 3) + 4L * Float.BYTES * STRIP_COLUMNS) + 2L * Float.BYTES * Trellis.STATES;
        }
    }

    /**
     * With native kernels if there are some.
     *
     * @param upper U [columns, columns] in natural order, H⁻¹ = Uᵀ·U
     */
    static TrellisSearch of(Optional<NativeKernels> kernels, float[] upper, Shape shape) {
        if (upper.length != Math.multiplyExact(shape.columns(), shape.columns())) {
            throw new IllegalArgumentException("a factor of " + upper.length + " elements for " + shape.columns() + " columns");
        }
        return kernels.<TrellisSearch>map(found -> new NativeTrellisSearch(found, upper, shape))
                .orElseGet(() -> new PortableTrellisSearch(upper, shape));
    }

    /** Codes of a row [columns], with these scales by column, into {@code found}; returns the loss, half the squared error. */
    float run(float[] row, float[] scales, byte[] found);
}
