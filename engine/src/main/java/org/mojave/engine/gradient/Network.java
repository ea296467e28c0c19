package org.mojave.engine.gradient;

import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Activation;
import org.mojave.engine.model.Gating;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.run.Activations;
import org.mojave.engine.store.Weights;

/** Gate, up and down projection of one network, forwards and backwards. */
record Network(Linear gate, Linear up, Linear down, Gating gating) {
    /** Names of the three matrices. */
    record Names(MatrixId gate, MatrixId up, MatrixId down) {}

    static Network of(Weights weights, Workers workers, Names names, Gating gating) {
        return new Network(Linear.of(weights, names.gate(), workers), Linear.of(weights, names.up(), workers),
                Linear.of(weights, names.down(), workers), gating);
    }

    /** What a pass forwards leaves for the one backwards: gate and up projection, and the output [tokens, hidden]. */
    record Pass(float[] gate, float[] up, float[] output, int tokens) {}

    Pass forward(float[] x, int tokens) {
        float[] a = gate.forward(x, tokens);
        float[] u = up.forward(x, tokens);
        float[] joined = a.clone();
        Activations.join(gating, joined, u, 0, joined.length);
        return new Pass(a, u, down.forward(joined, tokens), tokens);
    }

    /** Adds to {@code dx} what {@code dy}, the gradient at the output, makes at the input. */
    void back(Pass pass, float[] dy, float[] dx) {
        float[] joined = new float[pass.gate().length];
        down.back(dy, pass.tokens(), joined);
        float[] da = new float[joined.length];
        float[] du = new float[joined.length];
        for (int i = 0; i < joined.length; i++) {
            double a = pass.gate()[i];
            double u = pass.up()[i];
            switch (gating) {
                case Gating.Product(Activation activation) -> {
                    da[i] = (float) (joined[i] * u * ActivationSlope.of(activation, a));
                    du[i] = joined[i] * Activations.apply(activation, (float) a);
                }
                case Gating.Clamped(double alpha, double limit) -> {
                    double g = Math.min(a, limit);
                    da[i] = (float) (a < limit ? joined[i] * (Math.clamp(u, -limit, limit) + 1) * ActivationSlope.swish(alpha, g) : 0);
                    du[i] = (float) (Math.abs(u) < limit ? joined[i] * g * ActivationSlope.sigmoid(alpha * g) : 0);
                }
            }
        }
        gate.back(da, pass.tokens(), dx);
        up.back(du, pass.tokens(), dx);
    }
}
