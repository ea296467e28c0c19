package org.mojave.engine.run;

import java.util.Arrays;
import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.Exponential;
import org.mojave.engine.kernel.Extent;
import org.mojave.engine.kernel.StoredRows;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Attention;

/**
 * How much later tokens look back at each token of a prompt: sums of the columns of the attention maps, which are never held. A first
 * pass over the keys finds each query's largest score and sum, a second one adds up the weights; memory is one tile of scores per
 * thread. Results do not depend on the number of threads.
 */
final class ColumnSums {
    private static final int QUERIES = 64;
    private static final int KEYS = 128;

    private final Workers workers;
    private final Scratch[] scratch;

    ColumnSums(Workers workers) {
        this.workers = workers;
        scratch = new Scratch[workers.threads()];
        Arrays.setAll(scratch, _ -> new Scratch());
    }

    /** Of one thread: scores [keys, queries], decoded keys, and each query's largest score and sum of weights. */
    private static final class Scratch {
        final float[] scores = new float[KEYS * QUERIES];
        float[] decoded = new float[0];
        final float[] largest = new float[QUERIES];
        final double[] sums = new double[QUERIES];

        float[] decoded(int floats) {
            if (decoded.length < floats) {
                decoded = new float[floats];
            }
            return decoded;
        }
    }

    /** One head of one sequence. {@code row}: the sequence's first token in the batch. */
    private record Head(HeadAttention.Inputs inputs, Batch.Sequence sequence, int source, int head, int row) {
        Attention attention() {
            return inputs.attention();
        }

        /** Keys of {@code count} positions; those of a cache that holds no floats are decoded to {@code target}. */
        Block keys(int first, int count, float[] target) {
            int keyHead = head / (attention().heads() / attention().keyValueHeads());
            int dimension = attention().keyDimension();
            return switch (inputs.sources()[source]) {
                case HeadAttention.Source.Floats(float[] keys, int offset, float[] _, int _) -> {
                    int stride = attention().keyValueHeads() * dimension;
                    yield new Block(keys, offset + first * stride + keyHead * dimension, stride);
                }
                case HeadAttention.Source.Stored(StoredRows keys, StoredRows _) -> {
                    keys.read(keyHead, first, count, target);
                    yield new Block(target, 0, dimension);
                }
            };
        }

        Block queries(int first) {
            int stride = attention().heads() * attention().keyDimension();
            return new Block(inputs.queries(), (row + first) * stride + head * attention().keyDimension(), stride);
        }
    }

    /** {@code queries} queries of a head from number {@code first} of its sequence on. */
    private record Tile(Head head, int first, int queries) {
        int position(int query) {
            return head.sequence().first() + first + query;
        }
    }

    /**
     * For each token of one sequence of the batch, the attention that it receives from itself and later tokens of the batch, the mean over
     * heads: what attention maps summed over queries would say.
     *
     * @param number of the sequence
     * @param row its first token in the batch
     */
    double[] of(Batch batch, HeadAttention.Inputs inputs, int number, int row) {
        Batch.Sequence sequence = batch.sequences().get(number);
        int heads = inputs.attention().heads();
        double[][] received = new double[heads][sequence.tokens()];
        workers.run(heads, (head, worker) -> {
            Head task = new Head(inputs, sequence, number, head, row);
            for (int first = 0; first < sequence.tokens(); first += QUERIES) {
                add(new Tile(task, first, Math.min(QUERIES, sequence.tokens() - first)), scratch[worker], received[head]);
            }
        });
        double[] mean = new double[sequence.tokens()];
        for (double[] head : received) {
            for (int t = 0; t < mean.length; t++) {
                mean[t] += head[t] / heads;
            }
        }
        return mean;
    }

    /** Adds what the tile's queries pay. */
    private void add(Tile tile, Scratch scratch, double[] received) {
        Head head = tile.head();
        int queries = tile.queries();
        int low = head.attention().mask().first(tile.position(0));
        int end = tile.position(queries);
        float sink = head.inputs().sinks() == null ? Float.NEGATIVE_INFINITY : head.inputs().sinks()[head.head()];
        Arrays.fill(scratch.largest, 0, queries, sink);
        Arrays.fill(scratch.sums, 0, queries, sink == Float.NEGATIVE_INFINITY ? 0 : 1);
        for (int key = low; key < end; key += KEYS) {
            int keys = Math.min(KEYS, end - key);
            score(tile, key, keys, scratch);
            for (int j = 0; j < keys; j++) {
                for (int i = 0; i < queries; i++) {
                    include(scratch, i, scratch.scores[j * queries + i]);
                }
            }
        }
        int own = head.sequence().first();
        for (int key = Math.max(low, own); key < end; key += KEYS) {
            int keys = Math.min(KEYS, end - key);
            score(tile, key, keys, scratch);
            for (int j = 0; j < keys; j++) {
                double sum = 0;
                for (int i = 0; i < queries; i++) {
                    sum += Exponential.exp(scratch.scores[j * queries + i] - scratch.largest[i]) / scratch.sums[i];
                }
                received[key + j - own] += sum;
            }
        }
    }

    /** One more score of a query: keeps {@code sums} relative to the largest. */
    private static void include(Scratch scratch, int query, float score) {
        if (score > scratch.largest[query]) {
            scratch.sums[query] = scratch.sums[query] * Exponential.exp(scratch.largest[query] - score) + 1;
            scratch.largest[query] = score;
        } else if (score > Float.NEGATIVE_INFINITY) {
            scratch.sums[query] += Exponential.exp(score - scratch.largest[query]);
        }
    }

    /** Scores [keys, queries] of keys {@code key … key + keys − 1}; minus infinity where a query does not see the key. */
    private void score(Tile tile, int key, int keys, Scratch scratch) {
        float[] scores = scratch.scores;
        Attention attention = tile.head().attention();
        int queries = tile.queries();
        Block block = tile.head().keys(key, keys, scratch.decoded(KEYS * attention.keyDimension()));
        workers.algebra().multiplyTransposed(block, tile.head().queries(tile.first()), new Block(scores, 0, queries),
                new Extent(keys, queries, attention.keyDimension()));
        float scale = (float) attention.scale();
        for (int i = 0; i < queries; i++) {
            int position = tile.position(i);
            int from = attention.mask().first(position);
            for (int j = 0; j < keys; j++) {
                boolean seen = key + j >= from && key + j <= position;
                scores[j * queries + i] = seen ? scores[j * queries + i] * scale : Float.NEGATIVE_INFINITY;
            }
        }
    }
}
