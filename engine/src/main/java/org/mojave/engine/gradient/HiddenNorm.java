package org.mojave.engine.gradient;

import org.mojave.engine.model.Norm;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.store.Weights;

/** The norm before half a layer or the head, forwards and backwards. */
sealed interface HiddenNorm permits SquareNorm, LayerNorm {
    /** Normalised rows of {@code x}, whose length is a multiple of the hidden size. */
    float[] forward(float[] x);

    /** Adds to {@code dx} what {@code dy}, the gradient at the normalised rows of x, makes at x. */
    void back(float[] x, float[] dy, float[] dx);

    /** What {@code dy} makes at x, in a new array. */
    default float[] back(float[] x, float[] dy) {
        float[] dx = new float[x.length];
        back(x, dy, dx);
        return dx;
    }

    /** Before the attention of a layer. */
    static HiddenNorm ofAttention(Norm norm, Weights weights, int layer) {
        return of(norm, weights, layer, new Roles(VectorRole.ATTENTION_NORM, VectorRole.ATTENTION_NORM_BIAS));
    }

    /** Before the feed-forward half of a layer. */
    static HiddenNorm ofFeedForward(Norm norm, Weights weights, int layer) {
        return of(norm, weights, layer, new Roles(VectorRole.FEED_FORWARD_NORM, VectorRole.FEED_FORWARD_NORM_BIAS));
    }

    /** Before the head; {@code layer} is that of what belongs to none. */
    static HiddenNorm ofHead(Norm norm, Weights weights, int layer) {
        return of(norm, weights, layer, new Roles(VectorRole.FINAL_NORM, VectorRole.FINAL_NORM_BIAS));
    }

    /** Names of a norm's vectors. */
    record Roles(VectorRole weight, VectorRole bias) {}

    private static HiddenNorm of(Norm norm, Weights weights, int layer, Roles roles) {
        float[] weight = weights.vector(roles.weight(), layer).orElseThrow();
        return switch (norm) {
            case Norm.RootMeanSquare(double epsilon) -> new SquareNorm(epsilon, weight);
            case Norm.Layer(double epsilon) -> new LayerNorm(epsilon, weight, weights.vector(roles.bias(), layer).orElseThrow());
        };
    }
}
