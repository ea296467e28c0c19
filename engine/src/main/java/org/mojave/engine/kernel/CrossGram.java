package org.mojave.engine.kernel;

/**
 * The sum {@code C = Σ d_t · x_tᵀ} over tokens, gathered piece by piece in float32: with d the difference of two models' inputs and x
 * the second's, what asymmetric calibration needs besides {@link Gram}.
 *
 * <p>Example: {@code CrossGram cross = new CrossGram(columns); cross.add(difference, x, tokens, workers);}
 */
public final class CrossGram {
    /** Rows that are handed out to workers. */
    private static final int ROWS = 64;
    /** Tokens multiplied at once. */
    private static final int TOKENS = 1024;

    private final int columns;
    private final float[] sum;

    /** An empty sum; takes {@code 4·columns²} bytes. */
    public CrossGram(int columns) {
        if (columns < 1 || (long) columns * columns > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("cannot hold the cross moments of " + columns + " columns");
        }
        this.columns = columns;
        this.sum = new float[columns * columns];
    }

    /** Adds {@code count} tokens, both arrays [count, columns]. The result does not depend on the thread count. */
    public void add(float[] differences, float[] x, int count, Workers workers) {
        new Block(differences, 0, columns).check(count, columns);
        new Block(x, 0, columns).check(count, columns);
        workers.run(Math.ceilDiv(columns, ROWS), (task, _) -> {
            int rows = Math.min(ROWS, columns - task * ROWS);
            Block target = new Block(sum, task * ROWS * columns, columns);
            for (int first = 0; first < count; first += TOKENS) {
                int depth = Math.min(TOKENS, count - first);
                workers.algebra().addTransposed(1, new Block(differences, first * columns + task * ROWS, columns),
                        new Block(x, first * columns, columns), target, new Extent(rows, columns, depth));
            }
        });
    }

    /** [columns, columns], row-major, row: difference, column: x; this object's own, not to be changed. */
    public float[] matrix() {
        return sum;
    }
}
