package org.mojave.engine.kernel;

/**
 * Softmax attention of some neighbouring queries of one head over its keys and values. Keys count from the first one that
 * the rows hold: query i sees keys {@code first[i] … last + i}.
 *
 * @param queries [queries, keyDimension]
 * @param keys [last + queries, keyDimension]
 * @param values [last + queries, valueDimension]
 * @param contexts [queries, valueDimension]; receive the result
 * @param shape of the vectors, and what scores are multiplied with
 * @param last the last key that query 0 sees
 * @param first for each query the first key that it sees; owned by the tile
 */
public record AttentionTile(Block queries, HeadRows keys, HeadRows values, Block contexts, Shape shape, int last, int[] first) {
    /** Most queries of a tile. */
    public static final int MOST_QUERIES = 64;

    /**
     * What all tiles of a head share.
     *
     * @param keyDimension components of a query and a key
     * @param valueDimension components of a value
     * @param scale of the scores
     * @param sink a score without a value; minus infinity for none
     */
    public record Shape(int keyDimension, int valueDimension, float scale, float sink) {}

    /** Checks that everything lies inside the arrays. */
    public AttentionTile {
        if (first.length < 1 || first.length > MOST_QUERIES) {
            throw new IllegalArgumentException("a tile has 1 to " + MOST_QUERIES + " queries, not " + first.length);
        }
        int seen = Math.addExact(last, first.length);
        for (int i = 0; i < first.length; i++) {
            if (first[i] < 0 || first[i] > last + i) {
                throw new IllegalArgumentException("query " + i + " sees no key from " + first[i] + " to " + (last + i));
            }
        }
        queries.check(first.length, shape.keyDimension());
        keys.check(seen, shape.keyDimension());
        values.check(seen, shape.valueDimension());
        if (keys.type() != values.type()) {
            throw new IllegalArgumentException("keys are stored as " + keys.type() + " and values as " + values.type());
        }
        contexts.check(first.length, shape.valueDimension());
    }
}
