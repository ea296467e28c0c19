package org.mojave.engine.run;

import org.mojave.engine.model.Norm;

/** Normalisation of rows, in float32 with sums in float64. */
final class Norms {
    private Norms() {}

    /** Row at {@code from} of {@code x} to {@code y} at {@code to}; {@code bias} is used by layer norm only. */
    static void row(Norm norm, float[] x, int from, float[] y, int to, float[] weight, float[] bias) {
        switch (norm) {
            case Norm.RootMeanSquare(double epsilon) -> rootMeanSquare(x, from, y, to, weight, epsilon);
            case Norm.Layer(double epsilon) -> layer(x, from, y, to, weight, bias, epsilon);
        }
    }

    /** {@code weight.length} components. */
    static void rootMeanSquare(float[] x, int from, float[] y, int to, float[] weight, double epsilon) {
        int size = weight.length;
        float scale = inverse(x, from, size, epsilon);
        for (int i = 0; i < size; i++) {
            y[to + i] = weight[i] * (x[from + i] * scale);
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

    private static void layer(float[] x, int from, float[] y, int to, float[] weight, float[] bias, double epsilon) {
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
