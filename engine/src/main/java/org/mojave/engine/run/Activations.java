package org.mojave.engine.run;

import org.mojave.engine.kernel.Exponential;
import org.mojave.engine.model.Activation;
import org.mojave.engine.model.Gating;

/** Joins gate and up projection. */
public final class Activations {
    private static final double SQRT_HALF = Math.sqrt(0.5);
    private static final double SQRT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);

    private Activations() {}

    /** {@code gate[i] = join(gate[i], up[i])} for {@code from ≤ i < to}. */
    public static void join(Gating gating, float[] gate, float[] up, int from, int to) {
        switch (gating) {
            case Gating.Product(Activation activation) -> multiply(activation, gate, up, from, to);
            case Gating.Clamped clamped -> clamp(clamped, gate, up, from, to);
        }
    }

    private static void multiply(Activation activation, float[] gate, float[] up, int from, int to) {
        switch (activation) {
            case SILU -> {
                for (int i = from; i < to; i++) {
                    gate[i] = gate[i] * Exponential.sigmoid(gate[i]) * up[i];
                }
            }
            case GELU, GELU_TANH, QUICK_GELU, RELU, RELU_SQUARED -> {
                for (int i = from; i < to; i++) {
                    gate[i] = apply(activation, gate[i]) * up[i];
                }
            }
        }
    }

    /** The scalar function. */
    public static float apply(Activation activation, float x) {
        return switch (activation) {
            case SILU -> x * Exponential.sigmoid(x);
            case GELU -> (float) (0.5 * x * (1 + erf(x * SQRT_HALF)));
            case GELU_TANH -> (float) (0.5 * x * (1 + Math.tanh(SQRT_TWO_OVER_PI * (x + 0.044715 * x * x * x))));
            case QUICK_GELU -> x * Exponential.sigmoid(1.702f * x);
            case RELU -> Math.max(x, 0);
            case RELU_SQUARED -> Math.max(x, 0) * Math.max(x, 0);
        };
    }

    /**
     * Error function to about 1e-16: the Maclaurin series 7.6.2 of the NIST handbook (DLMF) up to 3, the continued fraction
     * 7.9.1 of erfc beyond.
     */
    public static double erf(double x) {
        double z = Math.abs(x);
        if (z > 6) {
            return Math.signum(x);
        }
        if (z <= 3) {
            double term = z;
            double sum = z;
            for (int n = 1; Math.abs(term) > 1e-17 * sum; n++) {
                term *= 2 * z * z / (2 * n + 1);
                sum += term;
            }
            return Math.signum(x) * 2 / Math.sqrt(Math.PI) * Math.exp(-z * z) * sum;
        }
        double fraction = z;
        for (int n = 60; n >= 1; n--) {
            fraction = z + n / 2.0 / fraction;
        }
        return Math.signum(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction);
    }

    private static void clamp(Gating.Clamped clamped, float[] gate, float[] up, int from, int to) {
        float alpha = (float) clamped.alpha();
        float limit = (float) clamped.limit();
        for (int i = from; i < to; i++) {
            float g = Math.min(gate[i], limit);
            float u = Math.clamp(up[i], -limit, limit);
            gate[i] = (u + 1) * g * Exponential.sigmoid(alpha * g);
        }
    }
}
