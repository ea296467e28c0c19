package org.mojave.engine.run;

import java.util.Arrays;
import java.util.Optional;
import org.mojave.engine.kernel.Exponential;
import org.mojave.engine.kernel.AttentionTile;
import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.Extent;
import org.mojave.engine.kernel.HeadRows;
import org.mojave.engine.kernel.NativeKernels;
import org.mojave.engine.kernel.StoredRows;
import org.mojave.engine.kernel.VectorAttention;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Mask;

/**
 * Softmax attention of prepared queries over keys and values. One task is a tile of queries of one head of one sequence:
 * memory is one tile's scores per thread, and none with native kernels; over a cache that holds no floats a block of decoded keys and
 * values ({@link VectorAttention}).
 */
final class HeadAttention {
    /** Queries of one task. */
    private static final int TILE = AttentionTile.MOST_QUERIES;
    /** From this many queries on, matrix products pay. */
    private static final int PRODUCTS_FROM = 4;

    /** Keys and values of one sequence. */
    sealed interface Source {
        /**
         * Floats.
         *
         * @param keys [positions, keyWidth] from {@code keyOffset}
         * @param values [positions, valueWidth] from {@code valueOffset}
         */
        record Floats(float[] keys, int keyOffset, float[] values, int valueOffset) implements Source {}

        /** Rows of a cache, from position 0 on. */
        record Stored(StoredRows keys, StoredRows values) implements Source {}
    }

    /** Inputs: queries [tokens, heads · keyDimension]; contexts [tokens, heads · valueDimension] receive the result. */
    record Inputs(Attention attention, float[] queries, Source[] sources, float[] contexts, float[] sinks) {}

    private record Tile(int sequence, int head, int firstQuery, int queries) {}

    /** What one thread needs: scores [keys, queries], and per query the largest score and the sum of weights. */
    private static final class Scratch {
        final float[] largest = new float[TILE];
        final double[] sums = new double[TILE];
        final VectorAttention blocks = new VectorAttention();
        float[] scores = new float[0];

        float[] scores(int floats) {
            if (scores.length < floats) {
                scores = new float[floats];
            }
            return scores;
        }
    }

    /** Where one tile's data lies. Keys and values are those of the key-value head from position {@code low} on. */
    private record View(Attention attention, Block queries, Block keys, Block values, Block contexts, int position, int low,
            int span) {}

    private final Workers workers;
    private final Scratch[] scratch;
    private final Optional<NativeKernels> natives;

    /** With native kernels, if there are any, which need no memory for scores. */
    HeadAttention(Workers workers, Optional<NativeKernels> natives) {
        this.workers = workers;
        this.natives = natives;
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
    private void run(Inputs inputs, Tile tile, int position, int row, Scratch scratch) {
        Attention attention = inputs.attention();
        int low = attention.mask().first(position);
        int head = tile.head() / (attention.heads() / attention.keyValueHeads());
        int queryStride = attention.heads() * attention.keyDimension();
        int contextStride = attention.heads() * attention.valueDimension();
        Block queries = new Block(inputs.queries(), row * queryStride + tile.head() * attention.keyDimension(), queryStride);
        Block contexts = new Block(inputs.contexts(), row * contextStride + tile.head() * attention.valueDimension(), contextStride);
        float sink = inputs.sinks() == null ? Float.NEGATIVE_INFINITY : inputs.sinks()[tile.head()];
        switch (inputs.sources()[tile.sequence()]) {
            case Source.Floats(float[] keys, int keyOffset, float[] values, int valueOffset) -> {
                int keyStride = attention.keyValueHeads() * attention.keyDimension();
                int valueStride = attention.keyValueHeads() * attention.valueDimension();
                View view = new View(attention, queries,
                        new Block(keys, keyOffset + low * keyStride + head * attention.keyDimension(), keyStride),
                        new Block(values, valueOffset + low * valueStride + head * attention.valueDimension(), valueStride),
                        contexts, position, low, position + tile.queries() - low);
                floats(view, tile.queries(), sink, scratch);
            }
            case Source.Stored(StoredRows keys, StoredRows values) -> {
                int[] first = firstKeys(attention, position, low, tile.queries());
                AttentionTile stored = new AttentionTile(queries, new HeadRows.Stored(keys, head, low), new HeadRows.Stored(values, head, low),
                        contexts, shape(attention, sink), position - low, first);
                if (natives.isPresent()) {
                    natives.get().attend(stored, scratch.scores(NativeKernels.attentionFloats(stored.shape())));
                } else {
                    scratch.blocks.attend(stored, workers.algebra());
                }
            }
        }
    }

    private void floats(View view, int queries, float sink, Scratch scratch) {
        if (natives.isPresent()) {
            natives.get().attend(tile(view, queries, sink));
            return;
        }
        scratch.scores(Math.multiplyExact(view.span(), queries));
        if (queries >= PRODUCTS_FROM) {
            products(view, queries, sink, scratch);
        } else {
            oneByOne(view, queries, sink, scratch.scores);
        }
    }

    private static AttentionTile tile(View view, int queries, float sink) {
        return new AttentionTile(view.queries(), new HeadRows.Floats(view.keys()), new HeadRows.Floats(view.values()), view.contexts(),
                shape(view.attention(), sink), view.position() - view.low(),
                firstKeys(view.attention(), view.position(), view.low(), queries));
    }

    private static AttentionTile.Shape shape(Attention attention, float sink) {
        return new AttentionTile.Shape(attention.keyDimension(), attention.valueDimension(), (float) attention.scale(), sink);
    }

    /** For each query the first key that it sees, counted from {@code low}. */
    private static int[] firstKeys(Attention attention, int position, int low, int queries) {
        int[] first = new int[queries];
        for (int i = 0; i < queries; i++) {
            first[i] = attention.mask().first(position + i) - low;
        }
        return first;
    }

    /** Scores as keys · queriesᵀ, so that neighbouring queries fill a vector; contexts as weightsᵀ · values. */
    private void products(View view, int queries, float sink, Scratch scratch) {
        Block scores = new Block(scratch.scores, 0, queries);
        workers.algebra().multiplyTransposed(view.keys(), view.queries(), scores,
                new Extent(view.span(), queries, view.attention().keyDimension()));
        softmaxColumns(view, queries, sink, scratch);
        int dimension = view.attention().valueDimension();
        Block contexts = view.contexts();
        for (int i = 0; i < queries; i++) {
            int start = contexts.offset() + i * contexts.stride();
            Arrays.fill(contexts.values(), start, start + dimension, 0);
        }
        workers.algebra().addTransposed(1, scores, view.values(), contexts, new Extent(queries, dimension, view.span()));
        for (int i = 0; i < queries; i++) {
            float inverse = (float) (1 / scratch.sums[i]);
            int start = contexts.offset() + i * contexts.stride();
            for (int d = start; d < start + dimension; d++) {
                contexts.values()[d] *= inverse;
            }
        }
    }

    /** Scores to weights that are not yet divided by their sums; what the mask hides becomes 0. */
    private static void softmaxColumns(View view, int queries, float sink, Scratch scratch) {
        float[] scores = scratch.scores;
        float[] largest = scratch.largest;
        float scale = (float) view.attention().scale();
        Arrays.fill(largest, 0, queries, sink);
        int hidden = 0;
        for (int j = 0; j < view.span(); j++) {
            int from = Math.max(0, view.low() + j - view.position());
            hidden = hidden(view, j, hidden, queries);
            int to = queries - hidden;
            Arrays.fill(scores, j * queries, j * queries + from, Float.NEGATIVE_INFINITY);
            Arrays.fill(scores, j * queries + to, (j + 1) * queries, Float.NEGATIVE_INFINITY);
            for (int i = from; i < to; i++) {
                float score = scores[j * queries + i] * scale;
                scores[j * queries + i] = score;
                largest[i] = Math.max(largest[i], score);
            }
        }
        for (int i = 0; i < queries; i++) {
            scratch.sums[i] = sink == Float.NEGATIVE_INFINITY ? 0 : Exponential.exp(sink - largest[i]);
        }
        for (int j = 0; j < view.span(); j++) {
            for (int i = 0; i < queries; i++) {
                float weight = Exponential.exp(scores[j * queries + i] - largest[i]);
                scores[j * queries + i] = weight;
                scratch.sums[i] += weight;
            }
        }
    }

    /** How many of the tile's last queries no longer see key {@code j}: at most {@code more}, as many as for the key before. */
    private static int hidden(View view, int j, int more, int queries) {
        Mask mask = view.attention().mask();
        int count = j == 0 ? queries : more;
        while (count > 0 && mask.first(view.position() + queries - count) <= view.low() + j) {
            count--;
        }
        return count;
    }

    private static void oneByOne(View view, int queries, float sink, float[] scores) {
        Attention attention = view.attention();
        for (int i = 0; i < queries; i++) {
            int from = attention.mask().first(view.position() + i) - view.low();
            int to = view.position() + i - view.low() + 1;
            scoreRows(view, i, scores, from, to);
            softmax(scores, from, to, (float) attention.scale(), sink);
            mix(view, i, scores, from, to);
        }
    }

    private static void scoreRows(View view, int query, float[] scores, int from, int to) {
        int dimension = view.attention().keyDimension();
        float[] q = view.queries().values();
        float[] keys = view.keys().values();
        int first = view.queries().offset() + query * view.queries().stride();
        for (int j = from; j < to; j++) {
            int key = view.keys().offset() + j * view.keys().stride();
            float a = 0;
            float b = 0;
            float c = 0;
            float e = 0;
            int d = 0;
            for (; d <= dimension - 4; d += 4) {
                a += q[first + d] * keys[key + d];
                b += q[first + d + 1] * keys[key + d + 1];
                c += q[first + d + 2] * keys[key + d + 2];
                e += q[first + d + 3] * keys[key + d + 3];
            }
            for (; d < dimension; d++) {
                a += q[first + d] * keys[key + d];
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

    private static void mix(View view, int query, float[] weights, int from, int to) {
        int dimension = view.attention().valueDimension();
        float[] values = view.values().values();
        float[] target = view.contexts().values();
        int offset = view.contexts().offset() + query * view.contexts().stride();
        int stride = view.values().stride();
        Arrays.fill(target, offset, offset + dimension, 0);
        int j = from;
        for (; j <= to - 4; j += 4) {
            int v0 = view.values().offset() + j * stride;
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
            int start = view.values().offset() + j * stride;
            for (int d = 0; d < dimension; d++) {
                target[offset + d] += weights[j] * values[start + d];
            }
        }
    }
}
