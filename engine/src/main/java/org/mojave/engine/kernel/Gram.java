package org.mojave.engine.kernel;

/**
 * The second-moment matrix {@code H = Σ weight_t · x_t · x_tᵀ} of activations, gathered piece by piece in float32: the
 * Hessian of the layer-wise error (Frantar et al. 2022, GPTQ, equation 1, without its factor 2); with weights {@code c^p}
 * that of affinity-guided quantization (MoEQuant).
 *
 * <p>Example: {@code Gram gram = new Gram(columns); gram.add(x, tokens, workers); float[] h = gram.matrix();}
 */
public final class Gram {
    /** Order of the squares that are handed out to workers. */
    private static final int SQUARE = 256;
    private static final int SMALL_SQUARE = 64;
    /** Matrices up to this order are cut into the smaller squares. */
    private static final int SMALL = 512;
    /** Tokens multiplied at once. */
    private static final int TOKENS = 1024;

    private final int columns;
    private final float[] lower;
    private long tokens;

    /** An empty sum; takes {@code 4·columns²} bytes. */
    public Gram(int columns) {
        if (columns < 1 || (long) columns * columns > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("cannot hold the second moments of " + columns + " columns");
        }
        this.columns = columns;
        this.lower = new float[columns * columns];
    }

    /** Order of the matrix. */
    public int columns() {
        return columns;
    }

    /** Tokens added so far. */
    public long tokens() {
        return tokens;
    }

    /** Adds {@code count} tokens of x [count, columns] with weight 1. The result does not depend on the thread count. */
    public void add(float[] x, int count, Workers workers) {
        add(x, null, count, workers);
    }

    /** As {@link #add(float[], int, Workers)}, token t with {@code weights[t]}; null stands for all ones. */
    public void add(float[] x, float[] weights, int count, Workers workers) {
        new Block(x, 0, columns).check(count, columns);
        int square = columns <= SMALL ? SMALL_SQUARE : SQUARE;
        int squares = (columns + square - 1) / square;
        workers.run(squares * (squares + 1) / 2, (task, worker) -> {
            int i = row(task);
            int j = task - i * (i + 1) / 2;
            int rows = Math.min(square, columns - i * square);
            int width = Math.min(square, columns - j * square);
            for (int first = 0; first < count; first += TOKENS) {
                int depth = Math.min(TOKENS, count - first);
                Block part = new Block(x, first * columns, columns);
                Block left = part.at(0, i * square);
                if (weights != null) {
                    left = scaled(left, weights, first, new Extent(depth, rows, 0), workers.scratch(worker, depth * rows));
                }
                Block target = new Block(lower, 0, columns).at(i * square, j * square);
                workers.algebra().addTransposed(1, left, part.at(0, j * square), target, new Extent(rows, width, depth));
            }
        });
        tokens += count;
    }

    /** The row of the triangle that holds its {@code index}-th square. */
    private static int row(int index) {
        int row = (int) ((Math.sqrt(8.0 * index + 1) - 1) / 2);
        return (row + 1) * (row + 2) / 2 <= index ? row + 1 : row;
    }

    private static Block scaled(Block x, float[] weights, int first, Extent extent, float[] target) {
        for (int t = 0; t < extent.rows(); t++) {
            float weight = weights[first + t];
            int source = x.offset() + t * x.stride();
            for (int c = 0; c < extent.columns(); c++) {
                target[t * extent.columns() + c] = weight * x.values()[source + c];
            }
        }
        return new Block(target, 0, extent.columns());
    }

    /** The whole symmetric matrix [columns, columns], row-major; the array is this object's own and must not be changed. */
    public float[] matrix() {
        for (int i = 0; i < columns; i++) {
            for (int j = 0; j < i; j++) {
                lower[j * columns + i] = lower[i * columns + j];
            }
        }
        return lower;
    }
}
