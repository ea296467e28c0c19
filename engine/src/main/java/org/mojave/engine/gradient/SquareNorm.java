package org.mojave.engine.gradient;

import java.util.Arrays;

/** Root-mean-square norm of rows as long as {@code weight}, forwards and backwards; sums in float64. */
record SquareNorm(double epsilon, float[] weight) implements HiddenNorm {
    /** With all weights 1. */
    static SquareNorm unweighted(double epsilon, int size) {
        float[] weight = new float[size];
        Arrays.fill(weight, 1);
        return new SquareNorm(epsilon, weight);
    }

    @Override
    public float[] forward(float[] x) {
        float[] y = new float[x.length];
        for (int at = 0; at < x.length; at += weight.length) {
            double scale = scale(x, at);
            for (int i = 0; i < weight.length; i++) {
                y[at + i] = (float) (weight[i] * (x[at + i] * scale));
            }
        }
        return y;
    }

    /** With r = 1/√(mean(x²) + ε): {@code dx = r · w · dy − x · r³ · mean(w · dy · x)}. */
    @Override
    public void back(float[] x, float[] dy, float[] dx) {
        for (int at = 0; at < x.length; at += weight.length) {
            double scale = scale(x, at);
            double sum = 0;
            for (int i = 0; i < weight.length; i++) {
                sum += (double) weight[i] * dy[at + i] * x[at + i];
            }
            double common = scale * scale * scale * sum / weight.length;
            for (int i = 0; i < weight.length; i++) {
                dx[at + i] += (float) (scale * weight[i] * dy[at + i] - common * x[at + i]);
            }
        }
    }

    private double scale(float[] x, int at) {
        double squares = 0;
        for (int i = at; i < at + weight.length; i++) {
            squares += (double) x[i] * x[i];
        }
        return 1 / Math.sqrt(squares / weight.length + epsilon);
    }
}
