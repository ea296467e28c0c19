package org.mojave.engine.gradient;

import java.util.Optional;

/**
 * Queries, keys or values from the normalised states, forwards and backwards: product, norm, clip, positions.
 *
 * @param clip symmetric limit, 0 for none
 */
record Projection(Linear linear, Optional<SquareNorm> norm, double clip, Positions positions) {
    /**
     * What a pass forwards leaves for the one backwards.
     *
     * @param product of the matrix
     * @param normed behind the norm
     * @param result behind clip and positions
     */
    record Pass(float[] product, float[] normed, float[] result) {}

    Pass forward(float[] x, int tokens) {
        float[] product = linear.forward(x, tokens);
        float[] normed = norm.map(own -> own.forward(product)).orElse(product);
        float[] result = normed.clone();
        if (clip > 0) {
            for (int i = 0; i < result.length; i++) {
                result[i] = (float) Math.clamp(result[i], -clip, clip);
            }
        }
        positions.apply(result, false);
        return new Pass(product, normed, result);
    }

    /** Adds to {@code dx} what {@code dy}, the gradient at the result, makes at the input; dy is spoilt. */
    void back(Pass pass, float[] dy, float[] dx) {
        positions.apply(dy, true);
        if (clip > 0) {
            for (int i = 0; i < dy.length; i++) {
                dy[i] = Math.abs(pass.normed()[i]) < clip ? dy[i] : 0;
            }
        }
        float[] product = dy;
        if (norm.isPresent()) {
            product = new float[dy.length];
            norm.get().back(pass.product(), dy, product);
        }
        linear.back(product, dx.length / linear.matrix().columns(), dx);
    }
}
