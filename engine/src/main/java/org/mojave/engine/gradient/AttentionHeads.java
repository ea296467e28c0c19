package org.mojave.engine.gradient;

import java.util.Optional;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Attention;

/**
 * Softmax attention of whole sequences, backwards. With p the weights of a query's keys and s their scores: {@code dp = dcontext · v},
 * {@code ds = p · (dp − Σ p · dp)}, {@code dq = scale · Σ ds · k}, {@code dk = scale · Σ ds · q}, {@code dv = Σ p · dcontext}. A sink takes
 * part in the softmax and has no value. One task is a key-value head of a sequence; sums in float32, a query's in float64.
 */
record AttentionHeads(Attention attention, Optional<float[]> sinks, int[] lengths, Workers workers) {
    /**
     * Queries [tokens, heads · key dimension], keys [tokens, key-value heads · key dimension], values [tokens, key-value heads · value
     * dimension], or the gradients at them.
     */
    record Rows(float[] queries, float[] keys, float[] values) {}

    /** Gradients at the rows, {@code dcontexts} [tokens, heads · value dimension] being that at the result. */
    Rows back(Rows rows, float[] dcontexts) {
        Rows gradients = new Rows(new float[rows.queries().length], new float[rows.keys().length], new float[rows.values().length]);
        int[] first = new int[lengths.length];
        for (int s = 1; s < lengths.length; s++) {
            first[s] = first[s - 1] + lengths[s - 1];
        }
        int shared = attention.keyValueHeads();
        workers.run(lengths.length * shared, (task, _) -> {
            int sequence = task / shared;
            int group = attention.heads() / shared;
            for (int head = task % shared * group; head < (task % shared + 1) * group; head++) {
                new Head(rows, gradients, dcontexts, first[sequence], head).back(lengths[sequence]);
            }
        });
        return gradients;
    }

    /** One query head of a sequence that begins at row {@code first}. */
    private final class Head {
        private final Rows rows;
        private final Rows gradients;
        private final float[] dcontexts;
        private final int first;
        private final int head;
        private final Vectors keys = new Vectors(attention.keyDimension());
        private final Vectors values = new Vectors(attention.valueDimension());

        Head(Rows rows, Rows gradients, float[] dcontexts, int first, int head) {
            this.rows = rows;
            this.gradients = gradients;
            this.dcontexts = dcontexts;
            this.first = first;
            this.head = head;
        }

        /** Row of the query, and of its context, in all heads of all tokens. */
        private int query(int position) {
            return (first + position) * attention.heads() + head;
        }

        /** Row of the key, and of its value. */
        private int key(int position) {
            return (first + position) * attention.keyValueHeads() + head / (attention.heads() / attention.keyValueHeads());
        }

        void back(int length) {
            double[] weights = new double[length];
            double[] slopes = new double[length];
            for (int i = 0; i < length; i++) {
                int from = attention.mask().first(i);
                softmax(i, from, weights);
                double mean = 0;
                for (int j = from; j <= i; j++) {
                    slopes[j] = values.dot(dcontexts, query(i), rows.values(), key(j));
                    mean += weights[j] * slopes[j];
                }
                for (int j = from; j <= i; j++) {
                    float slope = (float) (attention.scale() * weights[j] * (slopes[j] - mean));
                    keys.add(slope, rows.keys(), key(j), gradients.queries(), query(i));
                    keys.add(slope, rows.queries(), query(i), gradients.keys(), key(j));
                    values.add((float) weights[j], dcontexts, query(i), gradients.values(), key(j));
                }
            }
        }

        private void softmax(int i, int from, double[] weights) {
            double sink = sinks.isPresent() ? sinks.get()[head] : Double.NEGATIVE_INFINITY;
            double largest = sink;
            for (int j = from; j <= i; j++) {
                weights[j] = attention.scale() * keys.dot(rows.queries(), query(i), rows.keys(), key(j));
                largest = Math.max(largest, weights[j]);
            }
            double sum = Math.exp(sink - largest);
            for (int j = from; j <= i; j++) {
                weights[j] = Math.exp(weights[j] - largest);
                sum += weights[j];
            }
            for (int j = from; j <= i; j++) {
                weights[j] /= sum;
            }
        }
    }

    /** Rows of {@code size} components. */
    private record Vectors(int size) {
        float dot(float[] a, int rowA, float[] b, int rowB) {
            float sum = 0;
            for (int d = 0; d < size; d++) {
                sum += a[rowA * size + d] * b[rowB * size + d];
            }
            return sum;
        }

        /** Adds a row of x times {@code factor} to one of y. */
        void add(float factor, float[] x, int from, float[] y, int to) {
            for (int d = 0; d < size; d++) {
                y[to * size + d] += factor * x[from * size + d];
            }
        }
    }
}
