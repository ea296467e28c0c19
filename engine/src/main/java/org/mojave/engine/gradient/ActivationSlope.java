package org.mojave.engine.gradient;

import org.mojave.engine.model.Activation;
import org.mojave.engine.run.Activations;

/** Derivatives of activations, in float64. Where ReLU has a kink, at 0, its derivative is taken to be 0. */
final class ActivationSlope {
    private static final double SQRT_HALF = Math.sqrt(0.5);
    private static final double SQRT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);

    private ActivationSlope() {}

    /** At x. */
    static double of(Activation activation, double x) {
        return switch (activation) {
            case SILU -> swish(1, x);
            case GELU -> 0.5 * (1 + Activations.erf(x * SQRT_HALF)) + x * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
            case GELU_TANH -> {
                double tanh = Math.tanh(SQRT_TWO_OVER_PI * (x + 0.044715 * x * x * x));
                yield 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * SQRT_TWO_OVER_PI * (1 + 3 * 0.044715 * x * x);
            }
            case QUICK_GELU -> swish(1.702, x);
            case RELU -> x > 0 ? 1 : 0;
            case RELU_SQUARED -> 2 * Math.max(x, 0);
        };
    }

    /** Of x · sigmoid(α · x). */
    static double swish(double alpha, double x) {
        double s = sigmoid(alpha * x);
        return s * (1 + alpha * x * (1 - s));
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }
}
