package org.mojave.engine.gradient;

import java.util.Optional;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.store.Weights;

/**
 * Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, equations 9 to 19) between norm and output projection, backwards. Each
 * head's key and value come from one compressed vector of the token, and all heads share its rope key, whose gradient is therefore the
 * sum of theirs.
 *
 * @param lengths of the whole sequences whose tokens follow one another
 */
record LatentAttentionBack(Attention.Latent attention, Weights weights, Workers workers, int[] lengths) {
    /** The gradient at x, normalised states [tokens, hidden], from that at the contexts [tokens, heads · value dimension]. */
    float[] back(int layer, float[] x, float[] contexts) {
        int tokens = contexts.length / (attention.heads() * attention.valueDimension());
        Queries queries = queries(layer, x, tokens);
        Latents latents = latents(layer, x, tokens);
        AttentionHeads heads = new AttentionHeads(attention, Optional.empty(), lengths, workers);
        AttentionHeads.Rows gradients = heads.back(new AttentionHeads.Rows(queries.result(), latents.keys(), latents.values()), contexts);
        float[] dx = new float[x.length];
        back(layer, queries, gradients.queries(), dx);
        back(layer, latents, gradients, dx);
        return dx;
    }

    /**
     * What the pass forwards leaves of the queries.
     *
     * @param compressed [tokens, query rank], before its norm; empty without compression
     * @param result [tokens, heads · key dimension], turned
     */
    private record Queries(float[] compressed, float[] result) {}

    /**
     * What it leaves of keys and values.
     *
     * @param compressed [tokens, latent rank], before its norm
     * @param keys [tokens, heads · key dimension], turned
     * @param values [tokens, heads · value dimension]
     */
    private record Latents(float[] compressed, float[] keys, float[] values) {}

    private Linear linear(MatrixRole role, int layer) {
        return Linear.of(weights, MatrixId.of(role, layer), workers);
    }

    private SquareNorm norm(VectorRole role, int layer) {
        return new SquareNorm(Attention.Latent.NORM_EPSILON, weights.vector(role, layer).orElseThrow());
    }

    /** Turns the rope components of heads as wide as {@code width}, which begin at {@code offset}. */
    private Positions positions(int width, int offset) {
        return new Positions(Optional.of(Positions.Turn.of(attention.latentRope(), width, offset)), Optional.empty(), lengths);
    }

    private Queries queries(int layer, float[] x, int tokens) {
        float[] compressed = new float[0];
        float[] result;
        if (attention.queryRank() == 0) {
            result = linear(MatrixRole.QUERY, layer).forward(x, tokens);
        } else {
            compressed = linear(MatrixRole.QUERY_DOWN, layer).forward(x, tokens);
            result = linear(MatrixRole.QUERY_UP, layer).forward(norm(VectorRole.QUERY_LATENT_NORM, layer).forward(compressed), tokens);
        }
        positions(attention.keyDimension(), attention.plainDimension()).apply(result, false);
        return new Queries(compressed, result);
    }

    private void back(int layer, Queries queries, float[] dy, float[] dx) {
        int tokens = dy.length / (attention.heads() * attention.keyDimension());
        positions(attention.keyDimension(), attention.plainDimension()).apply(dy, true);
        if (attention.queryRank() == 0) {
            linear(MatrixRole.QUERY, layer).back(dy, tokens, dx);
            return;
        }
        float[] normed = new float[queries.compressed().length];
        linear(MatrixRole.QUERY_UP, layer).back(dy, tokens, normed);
        float[] compressed = norm(VectorRole.QUERY_LATENT_NORM, layer).back(queries.compressed(), normed);
        linear(MatrixRole.QUERY_DOWN, layer).back(compressed, tokens, dx);
    }

    private Latents latents(int layer, float[] x, int tokens) {
        int rank = attention.latentRank();
        int rope = attention.ropeDimension();
        float[] down = linear(MatrixRole.LATENT_DOWN, layer).forward(x, tokens);
        positions(rank + rope, rank).apply(down, false);
        float[] compressed = new float[tokens * rank];
        copy(new Part(down, rank + rope, 0), new Part(compressed, rank, 0), rank);
        float[] expanded = linear(MatrixRole.LATENT_UP, layer).forward(norm(VectorRole.LATENT_NORM, layer).forward(compressed), tokens);
        int plain = attention.plainDimension();
        int head = plain + attention.valueDimension();
        float[] keys = new float[tokens * attention.heads() * attention.keyDimension()];
        float[] values = new float[tokens * attention.heads() * attention.valueDimension()];
        copy(new Part(expanded, head, 0), new Part(keys, attention.keyDimension(), 0), plain);
        copy(new Part(expanded, head, plain), new Part(values, attention.valueDimension(), 0), attention.valueDimension());
        for (int i = 0; i < tokens * attention.heads(); i++) {
            System.arraycopy(down, i / attention.heads() * (rank + rope) + rank, keys, i * attention.keyDimension() + plain, rope);
        }
        return new Latents(compressed, keys, values);
    }

    private void back(int layer, Latents latents, AttentionHeads.Rows gradients, float[] dx) {
        int rank = attention.latentRank();
        int rope = attention.ropeDimension();
        int tokens = latents.compressed().length / rank;
        int plain = attention.plainDimension();
        int head = plain + attention.valueDimension();
        float[] expanded = new float[tokens * attention.heads() * head];
        copy(new Part(gradients.keys(), attention.keyDimension(), 0), new Part(expanded, head, 0), plain);
        copy(new Part(gradients.values(), attention.valueDimension(), 0), new Part(expanded, head, plain), attention.valueDimension());
        float[] normed = new float[tokens * rank];
        linear(MatrixRole.LATENT_UP, layer).back(expanded, tokens, normed);
        float[] compressed = norm(VectorRole.LATENT_NORM, layer).back(latents.compressed(), normed);
        float[] down = new float[tokens * (rank + rope)];
        copy(new Part(compressed, rank, 0), new Part(down, rank + rope, 0), rank);
        for (int i = 0; i < tokens * attention.heads(); i++) {
            int from = i * attention.keyDimension() + plain;
            int to = i / attention.heads() * (rank + rope) + rank;
            for (int c = 0; c < rope; c++) {
                down[to + c] += gradients.keys()[from + c];
            }
        }
        positions(rank + rope, rank).apply(down, true);
        linear(MatrixRole.LATENT_DOWN, layer).back(down, tokens, dx);
    }

    /** Some components of rows as wide as {@code width}, from {@code offset} on. */
    private record Part(float[] rows, int width, int offset) {}

    /** Copies {@code count} components of every row. */
    private static void copy(Part from, Part to, int count) {
        for (int row = 0; row < from.rows().length / from.width(); row++) {
            System.arraycopy(from.rows(), row * from.width() + from.offset(), to.rows(), row * to.width() + to.offset(), count);
        }
    }
}
