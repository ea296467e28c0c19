package org.mojave.engine.kernel;

import org.mojave.format.packed.PackedLayout;

/**
 * Products of activations with weight matrices. Rows of the matrix are decoded panel by panel into scratch memory that
 * each worker keeps; a panel then meets all tokens in one product, or row by row where there are too few tokens. The
 * panels depend on the shape alone, so the result does not depend on the number of threads.
 */
public final class Products {
    /** From this many tokens on, packing for a matrix product pays. */
    private static final int PRODUCT_TOKENS = 4;
    /** Floats in a panel: 4 MiB. */
    private static final int PANEL_FLOATS = 1 << 20;
    /** Rows of a panel for few tokens: the second-level cache holds it until it is used. */
    private static final int FEW_TOKENS_FLOATS = 1 << 15;
    private static final int LARGEST_PANEL = 256;
    private static final int SMALLEST_PANEL = 16;
    /** A matrix is cut into at least about this many panels, so that a few threads share it evenly. */
    private static final int PANELS = 8;

    private Products() {}

    /**
     * {@code y = x · Wᵀ}: x [tokens, W.columns], y [tokens, W.rows], both row-major from index 0. Accumulates in float32.
     */
    public static void multiply(Matrix w, float[] x, int tokens, float[] y, Workers workers) {
        multiply(w, new Block(x, 0, w.columns()), tokens, new Block(y, 0, w.rows()), workers);
    }

    /** {@code y = x · Wᵀ}: x [tokens, W.columns], y [tokens, W.rows] anywhere in their arrays. Accumulates in float32. */
    public static void multiply(Matrix w, Block x, int tokens, Block y, Workers workers) {
        if (tokens < PRODUCT_TOKENS) {
            tokenByToken(w, x, tokens, y, workers);
            return;
        }
        x.check(tokens, w.columns());
        y.check(tokens, w.rows());
        panels(w, panel(w.rows(), w.columns()), workers, range -> workers.algebra().multiplyTransposed(x, new Block(range.rows(), 0, w.columns()),
                y.at(0, range.first()), new Extent(tokens, range.count(), w.columns())));
    }

    /** An entry of a list, whose tokens may have to be independent of each other. */
    static void multiply(ProductList list, ProductList.Entry entry, Workers workers) {
        if (entry.sparse()) {
            tiles(list, entry, workers);
        } else if (list.independent()) {
            tokenByToken(entry.w(), entry.input().x(), entry.input().tokens(), entry.y(), workers);
        } else {
            multiply(entry.w(), entry.input().x(), entry.input().tokens(), entry.y(), workers);
        }
    }

    /** The wanted rows of a sparse entry; all columns of them are read. */
    private static void tiles(ProductList list, ProductList.Entry entry, Workers workers) {
        Matrix w = entry.w();
        workers.run(entry.tiles().length, (index, worker) -> {
            int first = entry.tiles()[index] * PackedLayout.TILE_ROWS;
            int count = Math.min(PackedLayout.TILE_ROWS, w.rows() - first);
            float[] rows = workers.scratch(worker, count * w.columns());
            w.decode(first, count, rows, 0);
            dots(w, entry.input().x(), 1, entry.y(), new Range(first, count, rows));
        });
        int tiles = Math.ceilDiv(w.rows(), PackedLayout.TILE_ROWS);
        list.spare(w.storedBytes() / tiles * (tiles - entry.tiles().length));
    }

    /** The same, each token's results being those that it has alone, to the bit. */
    private static void tokenByToken(Matrix w, Block x, int tokens, Block y, Workers workers) {
        x.check(tokens, w.columns());
        y.check(tokens, w.rows());
        panels(w, fewTokensPanel(w.columns()), workers, range -> dots(w, x, tokens, y, range));
    }

    /** What to do with decoded rows. */
    @FunctionalInterface
    private interface PanelTask {
        void run(Range range);
    }

    private static void panels(Matrix w, int panel, Workers workers, PanelTask task) {
        workers.run(Math.ceilDiv(w.rows(), panel), (index, worker) -> {
            int first = index * panel;
            int count = Math.min(panel, w.rows() - first);
            float[] rows = workers.scratch(worker, count * w.columns());
            w.decode(first, count, rows, 0);
            task.run(new Range(first, count, rows));
        });
    }

    /** Decoded rows {@code first … first+count−1}. */
    private record Range(int first, int count, float[] rows) {}

    private static void dots(Matrix w, Block x, int tokens, Block y, Range range) {
        for (int r = 0; r < range.count(); r++) {
            for (int t = 0; t < tokens; t++) {
                y.values()[y.offset() + t * y.stride() + range.first() + r] = VectorGemm.dot(x.values(),
                        x.offset() + t * x.stride(), range.rows(), r * w.columns(), w.columns());
            }
        }
    }

    private static int fewTokensPanel(int columns) {
        return clampToTiles(FEW_TOKENS_FLOATS / columns);
    }

    private static int panel(int rows, int columns) {
        return clampToTiles(Math.min(rows / PANELS, PANEL_FLOATS / columns));
    }

    /** Whole tiles of 16 rows, as packed matrices store them. */
    private static int clampToTiles(int rows) {
        return Math.clamp((long) rows / SMALLEST_PANEL * SMALLEST_PANEL, SMALLEST_PANEL, LARGEST_PANEL);
    }
}
