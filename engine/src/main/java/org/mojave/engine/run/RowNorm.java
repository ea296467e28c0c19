package org.mojave.engine.run;

import org.mojave.engine.model.Norm;

/** One normalisation with its weights: rows in float32 with sums in float64. {@code bias} is null but for layer norm. */
record RowNorm(Norm norm, float[] weight, float[] bias) {
    /** Root-mean-square norm with weights. */
    static RowNorm rootMeanSquare(double epsilon, float[] weight) {
        return new RowNorm(new Norm.RootMeanSquare(epsilon), weight, null);
    }

    /** Normalises the row at {@code from} of {@code x} to {@code to} of {@code y}; the two may be the same. */
    void row(float[] x, int from, float[] y, int to) {
        switch (norm) {
            case Norm.RootMeanSquare(double epsilon) -> {
                float scale = inverse(x, from, weight.length, epsilon);
                for (int i = 0; i < weight.length; i++) {
                    y[to + i] = weight[i] * (x[from + i] * scale);
                }
            }
            case Norm.Layer(double epsilon) -> layer(x, from, y, to, epsilon);
        }
    }

    /** In place, without weights. */
    static void unweighted(float[] x, int from, int size, double epsilon) {
        float scale = inverse(x, from, size, epsilon);
        for (int i = 0; i < size; i++) {
            x[from + i] *= scale;
        }
    }

    private static float inverse(float[] x, int from, int size, double epsilon) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i <= size - 4; i += 4) {
            a += (double) x[from + i] * x[from + i];
            b += (double) x[from + i + 1] * x[from + i + 1];
            c += (double) x[from + i + 2] * x[from + i + 2];
            d += (double) x[from + i + 3] * x[from + i + 3];
        }
        for (; i < size; i++) {
            a += (double) x[from + i] * x[from + i];
        }
        return (float) (1 / Math.sqrt((a + b + c + d) / size + epsilon));
    }

    private void layer(float[] x, int from, float[] y, int to, double epsilon) {
        int size = weight.length;
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += x[from + i];
        }
        double mean = sum / size;
        double squares = 0;
        for (int i = 0; i < size; i++) {
            squares += (x[from + i] - mean) * (x[from + i] - mean);
        }
        double scale = 1 / Math.sqrt(squares / size + epsilon);
        for (int i = 0; i < size; i++) {
            y[to + i] = (float) ((x[from + i] - mean) * scale) * weight[i] + bias[i];
        }
    }
}
