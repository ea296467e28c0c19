package org.mojave.engine.kernel;

import java.util.Arrays;

/**
 * Softmax attention in Java, block by block of keys, so that stored keys and values are decoded a block at a time and memory does not grow
 * with the context: Milakov and Gimelshein 2018 (arXiv 1805.02867, algorithm 3). Oracle: {@link ScalarReference#attend}; benchmark: {@code
 * AttentionLadder} in {@code bench}. For one thread at a time.
 */
public final class VectorAttention {
    /** Keys of a block. */
    private static final int KEYS = 256;
    /** From this many queries on, matrix products pay. */
    private static final int PRODUCTS_FROM = 4;

    private final float[] scores = new float[KEYS * AttentionTile.MOST_QUERIES];
    private final float[] largest = new float[AttentionTile.MOST_QUERIES];
    private final float[] factors = new float[AttentionTile.MOST_QUERIES];
    private final double[] sums = new double[AttentionTile.MOST_QUERIES];
    private float[] rows = {};

    /** Computes the contexts of a tile. */
    public void attend(AttentionTile tile, LinearAlgebra algebra) {
        int queries = tile.first().length;
        AttentionTile.Shape shape = tile.shape();
        int width = Math.max(shape.keyDimension(), shape.valueDimension());
        if (rows.length < KEYS * width) {
            rows = new float[KEYS * width];
        }
        Arrays.fill(largest, 0, queries, shape.sink());
        Arrays.fill(sums, 0, queries, shape.sink() == Float.NEGATIVE_INFINITY ? 0 : 1);
        for (int i = 0; i < queries; i++) {
            Arrays.fill(tile.contexts().values(), context(tile, i), context(tile, i) + shape.valueDimension(), 0);
        }
        int end = tile.last() + queries;
        for (int block = Arrays.stream(tile.first()).min().orElseThrow(); block < end; block += KEYS) {
            int keys = Math.min(KEYS, end - block);
            tile.keys().read(block, keys, shape.keyDimension(), rows);
            score(tile, keys, algebra);
            for (int i = 0; i < queries; i++) {
                weigh(tile, i, block, keys);
            }
            tile.values().read(block, keys, shape.valueDimension(), rows);
            mix(tile, keys, algebra);
        }
        for (int i = 0; i < queries; i++) {
            multiply(tile, i, (float) (1 / sums[i]));
        }
    }

    private static int context(AttentionTile tile, int query) {
        return tile.contexts().offset() + query * tile.contexts().stride();
    }

    private static void multiply(AttentionTile tile, int query, float factor) {
        float[] contexts = tile.contexts().values();
        int start = context(tile, query);
        for (int c = start; c < start + tile.shape().valueDimension(); c++) {
            contexts[c] *= factor;
        }
    }

    /** Scores [keys, queries], not yet scaled. */
    private void score(AttentionTile tile, int keys, LinearAlgebra algebra) {
        int queries = tile.first().length;
        int dimension = tile.shape().keyDimension();
        if (queries >= PRODUCTS_FROM) {
            algebra.multiplyTransposed(new Block(rows, 0, dimension), tile.queries(), new Block(scores, 0, queries),
                    new Extent(keys, queries, dimension));
            return;
        }
        for (int j = 0; j < keys; j++) {
            for (int i = 0; i < queries; i++) {
                scores[j * queries + i] = VectorGemm.dot(tile.queries().values(), tile.queries().offset() + i * tile.queries().stride(),
                        rows, j * dimension, dimension);
            }
        }
    }

    /** Scores of a query to weights e^(score − largest), those it does not see to 0; its context so far shrinks as its largest score grows. */
    private void weigh(AttentionTile tile, int query, int block, int keys) {
        int queries = tile.first().length;
        int from = Math.clamp((long) tile.first()[query] - block, 0, keys);
        int to = Math.clamp((long) tile.last() + query + 1 - block, from, keys);
        for (int j = 0; j < from; j++) {
            scores[j * queries + query] = 0;
        }
        for (int j = to; j < keys; j++) {
            scores[j * queries + query] = 0;
        }
        float scale = tile.shape().scale();
        float top = largest[query];
        for (int j = from; j < to; j++) {
            top = Math.max(top, scores[j * queries + query] * scale);
        }
        factors[query] = top == largest[query] ? 1 : Exponential.exp(largest[query] - top);
        double sum = sums[query] * factors[query];
        for (int j = from; j < to; j++) {
            float weight = Exponential.exp(scores[j * queries + query] * scale - top);
            scores[j * queries + query] = weight;
            sum += weight;
        }
        largest[query] = top;
        sums[query] = sum;
    }

    /** Contexts times their factors, plus weightsᵀ · values. */
    private void mix(AttentionTile tile, int keys, LinearAlgebra algebra) {
        int queries = tile.first().length;
        int dimension = tile.shape().valueDimension();
        for (int i = 0; i < queries; i++) {
            if (factors[i] != 1) {
                multiply(tile, i, factors[i]);
            }
        }
        if (queries >= PRODUCTS_FROM) {
            algebra.addTransposed(1, new Block(scores, 0, queries), new Block(rows, 0, dimension), tile.contexts(),
                    new Extent(queries, dimension, keys));
            return;
        }
        for (int i = 0; i < queries; i++) {
            int start = context(tile, i);
            for (int j = 0; j < keys; j++) {
                add(scores[j * queries + i], j * dimension, tile.contexts().values(), start, dimension);
            }
        }
    }

    private void add(float weight, int row, float[] target, int start, int dimension) {
        for (int c = 0; c < dimension; c++) {
            target[start + c] += weight * rows[row + c];
        }
    }
}
