package org.mojave.engine.run;

import java.util.Arrays;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Mask;

/**
 * Softmax attention of prepared queries over keys and values. One task is a tile of queries of one head of one sequence:
 * memory is one tile's scores and one head's keys per thread.
 */
final class HeadAttention {
    /** Queries of one task. */
    private static final int TILE = 64;
    /** From this many queries on, the keys are transposed so that scores of neighbouring keys fill a vector. */
    private static final int TRANSPOSE_FROM = 4;

    /**
     * Keys and values of one sequence.
     *
     * @param keys [positions, keyWidth] from {@code keyOffset}
     * @param values [positions, valueWidth] from {@code valueOffset}
     */
    record Source(float[] keys, int keyOffset, float[] values, int valueOffset) {}

    /** One call's inputs: queries [tokens, heads · keyDimension]; contexts [tokens, heads · valueDimension] receive the result. */
    record Inputs(Attention attention, float[] queries, Source[] sources, float[] contexts, float[] sinks) {}

    private record Tile(int sequence, int head, int firstQuery, int queries) {}

    private static final class Scratch {
        float[] transposed = new float[0];
        float[] scores = new float[0];
    }

    private final Workers workers;
    private final Scratch[] scratch;

    HeadAttention(Workers workers) {
        this.workers = workers;
        scratch = new Scratch[workers.threads()];
        Arrays.setAll(scratch, _ -> new Scratch());
    }

    /** Computes all heads of all sequences. */
    void run(Batch batch, Inputs inputs) {
        int heads = inputs.attention().heads();
        int sequences = batch.sequences().size();
        int[] firstTile = new int[sequences + 1];
        int[] firstToken = new int[sequences];
        for (int s = 0; s < sequences; s++) {
            int tokens = batch.sequences().get(s).tokens();
            firstTile[s + 1] = firstTile[s] + (tokens + TILE - 1) / TILE * heads;
            if (s + 1 < sequences) {
                firstToken[s + 1] = firstToken[s] + tokens;
            }
        }
        workers.run(firstTile[sequences], (task, worker) -> {
            int s = Arrays.binarySearch(firstTile, task);
            s = s >= 0 ? s : -s - 2;
            int within = task - firstTile[s];
            int first = within / heads * TILE;
            Batch.Sequence sequence = batch.sequences().get(s);
            Tile tile = new Tile(s, within % heads, first, Math.min(TILE, sequence.tokens() - first));
            run(inputs, tile, sequence.first() + first, firstToken[s] + first, scratch[worker]);
        });
    }

    /** {@code position}: of the tile's first query in its sequence; {@code row}: of it in the batch. */
    private static void run(Inputs inputs, Tile tile, int position, int row, Scratch scratch) {
        Attention attention = inputs.attention();
        Mask mask = attention.mask();
        int keyDimension = attention.keyDimension();
        int low = mask.first(position);
        int span = position + tile.queries() - low;
        int stride = attention.keyValueHeads() * keyDimension;
        int head = tile.head() / (attention.heads() / attention.keyValueHeads());
        Source source = inputs.sources()[tile.sequence()];
        int keyStart = source.keyOffset() + low * stride + head * keyDimension;
        boolean transpose = tile.queries() >= TRANSPOSE_FROM;
        if (scratch.scores.length < span) {
            scratch.scores = new float[span];
        }
        if (transpose) {
            if (scratch.transposed.length < span * keyDimension) {
                scratch.transposed = new float[span * keyDimension];
            }
            transpose(source.keys(), keyStart, stride, scratch.transposed, span, keyDimension);
        }
        float[] scores = scratch.scores;
        for (int i = 0; i < tile.queries(); i++) {
            int query = (row + i) * attention.heads() * keyDimension + tile.head() * keyDimension;
            int from = mask.first(position + i) - low;
            int to = position + i - low + 1;
            if (transpose) {
                scoreTransposed(inputs.queries(), query, keyDimension, scratch.transposed, span, scores, from, to);
            } else {
                scoreRows(inputs.queries(), query, keyDimension, source.keys(), keyStart, stride, scores, from, to);
            }
            float sink = inputs.sinks() == null ? Float.NEGATIVE_INFINITY : inputs.sinks()[tile.head()];
            softmax(scores, from, to, (float) attention.scale(), sink);
            int valueDimension = attention.valueDimension();
            int valueStride = attention.keyValueHeads() * valueDimension;
            mix(scores, from, to, source.values(), source.valueOffset() + low * valueStride + head * valueDimension, valueStride,
                    inputs.contexts(), ((row + i) * attention.heads() + tile.head()) * valueDimension, valueDimension);
        }
    }

    private static void transpose(float[] keys, int start, int stride, float[] target, int span, int dimension) {
        for (int j = 0; j < span; j++) {
            for (int d = 0; d < dimension; d++) {
                target[d * span + j] = keys[start + j * stride + d];
            }
        }
    }

    private static void scoreTransposed(float[] q, int query, int dimension, float[] keys, int span, float[] scores, int from,
            int to) {
        Arrays.fill(scores, from, to, 0);
        int d = 0;
        for (; d <= dimension - 4; d += 4) {
            axpy4(q[query + d], q[query + d + 1], q[query + d + 2], q[query + d + 3], keys, d * span, span, scores, from, to);
        }
        for (; d < dimension; d++) {
            float q0 = q[query + d];
            int k0 = d * span;
            for (int j = from; j < to; j++) {
                scores[j] += q0 * keys[k0 + j];
            }
        }
    }

    private static void axpy4(float q0, float q1, float q2, float q3, float[] keys, int first, int span, float[] scores,
            int from, int to) {
        int k1 = first + span;
        int k2 = k1 + span;
        int k3 = k2 + span;
        for (int j = from; j < to; j++) {
            scores[j] += q0 * keys[first + j] + q1 * keys[k1 + j] + (q2 * keys[k2 + j] + q3 * keys[k3 + j]);
        }
    }

    private static void scoreRows(float[] q, int query, int dimension, float[] keys, int start, int stride, float[] scores,
            int from, int to) {
        for (int j = from; j < to; j++) {
            int key = start + j * stride;
            float a = 0;
            float b = 0;
            float c = 0;
            float e = 0;
            int d = 0;
            for (; d <= dimension - 4; d += 4) {
                a += q[query + d] * keys[key + d];
                b += q[query + d + 1] * keys[key + d + 1];
                c += q[query + d + 2] * keys[key + d + 2];
                e += q[query + d + 3] * keys[key + d + 3];
            }
            for (; d < dimension; d++) {
                a += q[query + d] * keys[key + d];
            }
            scores[j] = (a + b) + (c + e);
        }
    }

    /** In place; the sink takes part in the sum only. */
    private static void softmax(float[] scores, int from, int to, float scale, float sink) {
        float largest = sink;
        for (int j = from; j < to; j++) {
            scores[j] *= scale;
            largest = Math.max(largest, scores[j]);
        }
        double sum = sink == Float.NEGATIVE_INFINITY ? 0 : Exponential.exp(sink - largest);
        for (int j = from; j < to; j++) {
            scores[j] = Exponential.exp(scores[j] - largest);
            sum += scores[j];
        }
        float inverse = (float) (1 / sum);
        for (int j = from; j < to; j++) {
            scores[j] *= inverse;
        }
    }

    private static void mix(float[] weights, int from, int to, float[] values, int start, int stride, float[] target, int offset,
            int dimension) {
        Arrays.fill(target, offset, offset + dimension, 0);
        int j = from;
        for (; j <= to - 4; j += 4) {
            int v0 = start + j * stride;
            int v1 = v0 + stride;
            int v2 = v1 + stride;
            int v3 = v2 + stride;
            float w0 = weights[j];
            float w1 = weights[j + 1];
            float w2 = weights[j + 2];
            float w3 = weights[j + 3];
            for (int d = 0; d < dimension; d++) {
                target[offset + d] += w0 * values[v0 + d] + w1 * values[v1 + d] + (w2 * values[v2 + d] + w3 * values[v3 + d]);
            }
        }
        for (; j < to; j++) {
            for (int d = 0; d < dimension; d++) {
                target[offset + d] += weights[j] * values[start + j * stride + d];
            }
        }
    }
}
