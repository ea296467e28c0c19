package org.mojave.engine.run;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.StoredRows;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.engine.model.Rope;
import org.mojave.engine.model.VectorRole;

/** Norm, queries, keys and values, rope, attention, output projection, residual. */
final class AttentionHalf {
    private final ModelSpec spec;
    private final Workers workers;
    private final Buffers buffers;
    private final Linears linears;
    private final HeadAttention heads;
    private final Optional<DynamicPruning> pruning;
    private final ColumnSums columns;
    private final Map<Rope, Rotations> rotations = new HashMap<>();

    AttentionHalf(ModelSpec spec, Workers workers, Linears linears, Buffers buffers, Optional<DynamicPruning> pruning) {
        this.spec = spec;
        this.workers = workers;
        this.buffers = buffers;
        this.linears = linears;
        heads = new HeadAttention(workers, linears.natives());
        this.pruning = pruning;
        columns = new ColumnSums(workers);
    }

    /** One call's arrays: query [tokens, heads · key dimension], key, value [tokens, key-value heads · dimension]. */
    private record Projected(float[] query, float[] key, float[] value) {}

    void run(LayerWeights weights, float[] hidden, Batch batch, LinearObserver observer) {
        int tokens = batch.tokens();
        int size = spec.hiddenSize();
        float[] normed = buffers.take(Buffers.Slot.NORMED, tokens, size);
        RowNorm norm = new RowNorm(spec.norm(), weights.vector(VectorRole.ATTENTION_NORM),
                weights.vector(VectorRole.ATTENTION_NORM_BIAS));
        Rows.forEach(workers, tokens, (first, end) -> {
            for (int t = first; t < end; t++) {
                norm.row(hidden, t * size, normed, t * size);
            }
        });
        Linears.Input input = new Linears.Input(normed, tokens);
        Attention attention = weights.spec().attention();
        Projected projected = switch (attention) {
            case Attention.GroupedQuery grouped -> grouped(grouped, weights, input, batch, observer);
            case Attention.Latent latent -> latent(latent, weights, input, batch, observer);
        };
        float[] context = buffers.take(Buffers.Slot.CONTEXT, tokens, attention.heads() * attention.valueDimension());
        HeadAttention.Inputs inputs = new HeadAttention.Inputs(attention, projected.query(), sources(weights, projected, batch), context,
                weights.vector(VectorRole.SINKS));
        heads.run(batch, inputs);
        pruning.ifPresent(skips -> skips.attended(batch, (sequence, row) -> columns.of(batch, inputs, sequence, row)));
        float[] output = buffers.take(Buffers.Slot.OUTPUT, tokens, size);
        linears.apply(weights, weights.id(MatrixRole.OUTPUT), new Linears.Input(context, tokens), output, observer);
        float residual = (float) spec.multipliers().residual();
        for (int i = 0; i < tokens * size; i++) {
            hidden[i] += output[i] * residual;
        }
    }

    /** Floats in this half's own buffers; NORMED and OUTPUT [tokens, hidden] apart. */
    static long floatsPerToken(Attention attention) {
        long keys = (long) attention.keyValueHeads() * attention.keyDimension();
        long values = (long) attention.keyValueHeads() * attention.valueDimension();
        long queries = (long) attention.heads() * (attention.keyDimension() + attention.valueDimension());
        return keys + values + queries + switch (attention) {
            case Attention.GroupedQuery _ -> 0;
            case Attention.Latent latent -> (long) Math.max(latent.queryRank(), latent.latentRank() + latent.ropeDimension())
                    + latent.latentRank() + (long) latent.heads() * (latent.plainDimension() + latent.valueDimension());
        };
    }

    private Projected grouped(Attention.GroupedQuery attention, LayerWeights weights, Linears.Input input, Batch batch,
            LinearObserver observer) {
        int tokens = input.tokens();
        int queryWidth = attention.heads() * attention.headDimension();
        int keyWidth = attention.keyValueHeads() * attention.headDimension();
        float[] query = buffers.take(Buffers.Slot.QUERY, tokens, queryWidth);
        float[] key = buffers.take(Buffers.Slot.KEY, tokens, keyWidth);
        float[] value = buffers.take(Buffers.Slot.VALUE, tokens, keyWidth);
        linears.add(weights, weights.id(MatrixRole.QUERY), input, new Linears.Output(query, 0), observer);
        linears.add(weights, weights.id(MatrixRole.KEY), input, new Linears.Output(key, 0), observer);
        linears.add(weights, weights.id(MatrixRole.VALUE), input, new Linears.Output(value, 0), observer);
        linears.run();
        Rows.forEach(workers, tokens, (first, end) -> {
            normalise(attention.norm(), query, first * queryWidth, end * queryWidth, weights.vector(VectorRole.QUERY_NORM));
            normalise(attention.norm(), key, first * keyWidth, end * keyWidth, weights.vector(VectorRole.KEY_NORM));
            if (attention.clip() > 0) {
                float limit = (float) attention.clip();
                clip(query, first * queryWidth, end * queryWidth, limit);
                clip(key, first * keyWidth, end * keyWidth, limit);
                clip(value, first * keyWidth, end * keyWidth, limit);
            }
        });
        attention.rope().ifPresent(rope -> {
            int dimension = attention.headDimension();
            rotate(rope, batch, query, new Turn(attention.heads(), dimension, 0));
            rotate(rope, batch, key, new Turn(attention.keyValueHeads(), dimension, 0));
            if (attention.norm() == QueryKeyNorm.UNWEIGHTED_AFTER_ROPE) {
                unweighted(query, tokens * attention.heads(), dimension);
                unweighted(key, tokens * attention.keyValueHeads(), dimension);
            }
        });
        if (attention.rope().isEmpty()) {
            attention.temperature().ifPresent(temperature -> warm(temperature, batch, query, queryWidth));
        }
        return new Projected(query, key, value);
    }

    /** Elements {@code first … end − 1} in pieces as long as the weights: each head by itself, or a whole row. */
    private void normalise(QueryKeyNorm kind, float[] x, int first, int end, float[] weight) {
        switch (kind) {
            case NONE, UNWEIGHTED_AFTER_ROPE -> { }
            case PER_HEAD, WHOLE -> {
                RowNorm norm = RowNorm.rootMeanSquare(spec.norm().epsilon(), weight);
                for (int at = first; at < end; at += weight.length) {
                    norm.row(x, at, x, at);
                }
            }
        }
    }

    private void unweighted(float[] x, int rows, int dimension) {
        Rows.forEach(workers, rows, (first, end) -> {
            for (int i = first; i < end; i++) {
                RowNorm.unweighted(x, i * dimension, dimension, spec.norm().epsilon());
            }
        });
    }

    private static void clip(float[] x, int from, int to, float limit) {
        for (int i = from; i < to; i++) {
            x[i] = Math.clamp(x[i], -limit, limit);
        }
    }

    private static void warm(Attention.Temperature temperature, Batch batch, float[] query, int width) {
        int row = 0;
        for (Batch.Sequence sequence : batch.sequences()) {
            for (int i = 0; i < sequence.tokens(); i++, row++) {
                double step = Math.floor((sequence.first() + i + 1) / temperature.floor());
                float factor = (float) (Math.log1p(step) * temperature.scale() + 1);
                for (int c = row * width; c < (row + 1) * width; c++) {
                    query[c] *= factor;
                }
            }
        }
    }

    private Projected latent(Attention.Latent attention, LayerWeights weights, Linears.Input input, Batch batch,
            LinearObserver observer) {
        int tokens = input.tokens();
        float[] query = latentQuery(attention, weights, input, observer);
        int rank = attention.latentRank();
        int compressedWidth = rank + attention.ropeDimension();
        float[] compressed = buffers.take(Buffers.Slot.COMPRESSED, tokens, compressedWidth);
        linears.apply(weights, weights.id(MatrixRole.LATENT_DOWN), input, compressed, observer);
        float[] normed = buffers.take(Buffers.Slot.NORMED, tokens, Math.max(rank, spec.hiddenSize()));
        RowNorm norm = RowNorm.rootMeanSquare(Attention.Latent.NORM_EPSILON, weights.vector(VectorRole.LATENT_NORM));
        for (int t = 0; t < tokens; t++) {
            norm.row(compressed, t * compressedWidth, normed, t * rank);
        }
        int plain = attention.plainDimension();
        int expandedHead = plain + attention.valueDimension();
        float[] expanded = buffers.take(Buffers.Slot.EXPANDED, tokens, attention.heads() * expandedHead);
        linears.apply(weights, weights.id(MatrixRole.LATENT_UP), new Linears.Input(normed, tokens), expanded, observer);
        Rope rope = attention.latentRope();
        rotate(rope, batch, query, new Turn(attention.heads(), attention.keyDimension(), plain));
        rotate(rope, batch, compressed, new Turn(1, compressedWidth, rank));
        float[] key = buffers.take(Buffers.Slot.KEY, tokens, attention.heads() * attention.keyDimension());
        float[] value = buffers.take(Buffers.Slot.VALUE, tokens, attention.heads() * attention.valueDimension());
        Rows.forEach(workers, tokens, (first, end) -> {
            for (int i = first * attention.heads(); i < end * attention.heads(); i++) {
                int token = i / attention.heads();
                System.arraycopy(expanded, i * expandedHead, key, i * attention.keyDimension(), plain);
                System.arraycopy(compressed, token * compressedWidth + rank, key, i * attention.keyDimension() + plain,
                        attention.ropeDimension());
                System.arraycopy(expanded, i * expandedHead + plain, value, i * attention.valueDimension(),
                        attention.valueDimension());
            }
        });
        return new Projected(query, key, value);
    }

    private float[] latentQuery(Attention.Latent attention, LayerWeights weights, Linears.Input input, LinearObserver observer) {
        int tokens = input.tokens();
        float[] query = buffers.take(Buffers.Slot.QUERY, tokens, attention.heads() * attention.keyDimension());
        int rank = attention.queryRank();
        if (rank == 0) {
            linears.apply(weights, weights.id(MatrixRole.QUERY), input, query, observer);
            return query;
        }
        float[] compressed = buffers.take(Buffers.Slot.COMPRESSED, tokens, rank);
        linears.apply(weights, weights.id(MatrixRole.QUERY_DOWN), input, compressed, observer);
        RowNorm norm = RowNorm.rootMeanSquare(Attention.Latent.NORM_EPSILON, weights.vector(VectorRole.QUERY_LATENT_NORM));
        for (int t = 0; t < tokens; t++) {
            norm.row(compressed, t * rank, compressed, t * rank);
        }
        linears.apply(weights, weights.id(MatrixRole.QUERY_UP), new Linears.Input(compressed, tokens), query, observer);
        return query;
    }

    /** What to rotate in each token's row: {@code heads} parts of {@code width}, each from component {@code offset} on. */
    private record Turn(int heads, int width, int offset) {}

    private void rotate(Rope rope, Batch batch, float[] x, Turn turn) {
        int row = 0;
        for (Batch.Sequence sequence : batch.sequences()) {
            Rotations.Table table = rotations.computeIfAbsent(rope, Rotations::new)
                    .table(sequence.first() + sequence.tokens());
            int firstRow = row;
            Rows.forEach(workers, sequence.tokens(), (first, end) -> {
                for (int t = first; t < end; t++) {
                    for (int h = 0; h < turn.heads(); h++) {
                        int start = ((firstRow + t) * turn.heads() + h) * turn.width() + turn.offset();
                        rotate(table, sequence.first() + t, x, start, rope.interleaved());
                    }
                }
            });
            row += sequence.tokens();
        }
    }

    private static void rotate(Rotations.Table table, int position, float[] x, int start, boolean interleaved) {
        int pairs = table.pairs();
        int step = interleaved ? 2 : 1;
        int distance = interleaved ? 1 : pairs;
        for (int i = 0; i < pairs; i++) {
            int a = start + i * step;
            int b = a + distance;
            float cosine = table.cosines()[position * pairs + i];
            float sine = table.sines()[position * pairs + i];
            float first = x[a];
            float second = x[b];
            x[a] = first * cosine - second * sine;
            x[b] = second * cosine + first * sine;
        }
    }

    /** Where each sequence's keys and values are: in its cache, after adding the new ones, or in the batch itself. */
    private HeadAttention.Source[] sources(LayerWeights weights, Projected projected, Batch batch) {
        Attention attention = weights.spec().attention();
        int keyWidth = attention.keyValueHeads() * attention.keyDimension();
        int valueWidth = attention.keyValueHeads() * attention.valueDimension();
        HeadAttention.Source[] sources = new HeadAttention.Source[batch.sequences().size()];
        int row = 0;
        for (int s = 0; s < sources.length; s++) {
            Batch.Sequence sequence = batch.sequences().get(s);
            if (sequence.cache().isPresent()) {
                StoredRows keys = sequence.cache().get().keys(weights.layer());
                StoredRows values = sequence.cache().get().values(weights.layer());
                int firstRow = row;
                Rows.forEach(workers, sequence.tokens(), (first, end) -> {
                    keys.write(sequence.first() + first, projected.key(), (firstRow + first) * keyWidth, end - first);
                    values.write(sequence.first() + first, projected.value(), (firstRow + first) * valueWidth, end - first);
                });
                sources[s] = keys.type() == KeyValueType.F32 ? new HeadAttention.Source.Floats(keys.floats(), 0, values.floats(), 0)
                        : new HeadAttention.Source.Stored(keys, values);
            } else {
                sources[s] = new HeadAttention.Source.Floats(projected.key(), row * keyWidth, projected.value(), row * valueWidth);
            }
            row += sequence.tokens();
        }
        return sources;
    }
}
