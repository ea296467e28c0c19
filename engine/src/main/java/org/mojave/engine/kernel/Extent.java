package org.mojave.engine.kernel;

/**
 * Size of a product {@code [rows, depth] · [depth, columns]}.
 *
 * @param rows rows of the result
 * @param columns columns of the result
 * @param depth length of the sums
 */
public record Extent(int rows, int columns, int depth) {
    public Extent {
        if (rows < 0 || columns < 0 || depth < 0) {
            throw new IllegalArgumentException("negative extent " + rows + " × " + columns + " × " + depth);
        }
    }

    /** Multiplications and additions. */
    public long operations() {
        return 2L * rows * columns * depth;
    }
}
