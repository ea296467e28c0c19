package org.mojave.engine.kernel;

/**
 * The textbook loops, kept for ever as the oracle of every fast path. Sums run in index order; products accumulate in
 * float32 like the fast paths, factorisations in float64.
 */
final class ScalarReference {
    private ScalarReference() {}

    /** {@code y = x · Wᵀ}, x [tokens, W.columns], y [tokens, W.rows]. */
    static void multiply(Matrix w, float[] x, int tokens, float[] y) {
        float[] row = new float[w.columns()];
        for (int r = 0; r < w.rows(); r++) {
            w.decode(r, 1, row, 0);
            for (int t = 0; t < tokens; t++) {
                float sum = 0;
                for (int k = 0; k < row.length; k++) {
                    sum += x[t * row.length + k] * row[k];
                }
                y[t * w.rows() + r] = sum;
            }
        }
    }

    /** As {@link LinearAlgebra#multiplyTransposed}. */
    static void multiplyTransposed(Block x, Block w, Block y, Extent extent) {
        for (int r = 0; r < extent.rows(); r++) {
            for (int c = 0; c < extent.columns(); c++) {
                float sum = 0;
                for (int k = 0; k < extent.depth(); k++) {
                    sum += x.values()[x.offset() + r * x.stride() + k] * w.values()[w.offset() + c * w.stride() + k];
                }
                y.values()[y.offset() + r * y.stride() + c] = sum;
            }
        }
    }

    /** As {@link LinearAlgebra#addTransposed}. */
    static void addTransposed(float alpha, Block a, Block b, Block c, Extent extent) {
        for (int r = 0; r < extent.rows(); r++) {
            for (int j = 0; j < extent.columns(); j++) {
                float sum = 0;
                for (int k = 0; k < extent.depth(); k++) {
                    sum += a.values()[a.offset() + k * a.stride() + r] * b.values()[b.offset() + k * b.stride() + j];
                }
                c.values()[c.offset() + r * c.stride() + j] += alpha * sum;
            }
        }
    }

    /** {@code H += Σ weight_t · x_t · x_tᵀ}, both triangles; weights may be null for all ones. */
    static void gram(float[] h, int columns, float[] x, float[] weights, int tokens) {
        for (int t = 0; t < tokens; t++) {
            float weight = weights == null ? 1 : weights[t];
            for (int i = 0; i < columns; i++) {
                for (int j = 0; j < columns; j++) {
                    h[i * columns + j] += weight * x[t * columns + i] * x[t * columns + j];
                }
            }
        }
    }

    /** As {@link LinearAlgebra#cholesky}. */
    static boolean cholesky(double[] a, int n) {
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = a[i * n + j];
                for (int k = 0; k < j; k++) {
                    sum -= a[i * n + k] * a[j * n + k];
                }
                if (i > j) {
                    a[i * n + j] = sum / a[j * n + j];
                } else if (sum > 0 && sum < Double.POSITIVE_INFINITY) {
                    a[i * n + i] = Math.sqrt(sum);
                } else {
                    return false;
                }
            }
        }
        return true;
    }

    /** As {@link LinearAlgebra#invertLower}: solves L · X = I column by column. */
    static boolean invertLower(double[] l, int n) {
        for (int j = 0; j < n; j++) {
            if (l[j * n + j] == 0) {
                return false;
            }
        }
        double[] column = new double[n];
        for (int j = 0; j < n; j++) {
            for (int i = j; i < n; i++) {
                double sum = i == j ? 1 : 0;
                for (int k = j; k < i; k++) {
                    sum -= l[i * n + k] * column[k];
                }
                column[i] = sum / l[i * n + i];
            }
            // Column j of L is not read again: later columns start further right.
            for (int i = j; i < n; i++) {
                l[i * n + j] = column[i];
            }
        }
        return true;
    }

    /** As {@link Powers#addDistances}. */
    static void addDistances(float[] a, int aOffset, float[] b, float exponent, float[] sums) {
        for (int l = 0; l < sums.length; l++) {
            sums[l] += (float) Math.pow(Math.abs(a[aOffset + l] - b[l]), exponent);
        }
    }

    /** {@code contexts = softmax(scale · queries · keysᵀ) · values} of a tile, in float64. */
    static void attend(AttentionTile tile) {
        AttentionTile.Shape shape = tile.shape();
        for (int i = 0; i < tile.first().length; i++) {
            double[] weights = new double[tile.last() + i + 1];
            double largest = shape.sink();
            for (int j = tile.first()[i]; j < weights.length; j++) {
                double sum = 0;
                for (int c = 0; c < shape.keyDimension(); c++) {
                    sum += (double) at(tile.queries(), i, c) * tile.keys().value(j, c);
                }
                weights[j] = sum * shape.scale();
                largest = Math.max(largest, weights[j]);
            }
            double total = Math.exp(shape.sink() - largest);
            for (int j = tile.first()[i]; j < weights.length; j++) {
                weights[j] = Math.exp(weights[j] - largest);
                total += weights[j];
            }
            for (int c = 0; c < shape.valueDimension(); c++) {
                double sum = 0;
                for (int j = tile.first()[i]; j < weights.length; j++) {
                    sum += weights[j] * tile.values().value(j, c);
                }
                tile.contexts().values()[tile.contexts().offset() + i * tile.contexts().stride() + c] = (float) (sum / total);
            }
        }
    }

    private static float at(Block block, int row, int column) {
        return block.values()[block.offset() + row * block.stride() + column];
    }

    /** {@code gate / (1 + e^−gate) · up} in float64. */
    static double silu(float gate, float up) {
        return gate / (1 + Math.exp(-gate)) * up;
    }
}
