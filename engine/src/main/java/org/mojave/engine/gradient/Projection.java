package org.mojave.engine.gradient;

import java.util.Optional;

/**
 * Queries, keys or values from the normalised states, forwards and backwards: product, norm, clip, positions, another norm.
 *
 * @param norm before positions
 * @param clip symmetric limit, 0 for none
 * @param last norm behind positions
 */
record Projection(Linear linear, Optional<SquareNorm> norm, double clip, Positions positions, Optional<SquareNorm> last) {
    /**
     * What a pass forwards leaves for the one backwards.
     *
     * @param product of the matrix
     * @param normed behind the first norm
     * @param turned behind clip and positions
     * @param result behind the last norm
     */
    record Pass(float[] product, float[] normed, float[] turned, float[] result) {}

    Pass forward(float[] x, int tokens) {
        float[] product = linear.forward(x, tokens);
        float[] normed = norm.map(own -> own.forward(product)).orElse(product);
        float[] turned = normed.clone();
        if (clip > 0) {
            for (int i = 0; i < turned.length; i++) {
                turned[i] = (float) Math.clamp(turned[i], -clip, clip);
            }
        }
        positions.apply(turned, false);
        return new Pass(product, normed, turned, last.map(own -> own.forward(turned)).orElse(turned));
    }

    /** Adds to {@code dx} what {@code dy}, the gradient at the result, makes at the input; dy may be spoilt. */
    void back(Pass pass, float[] dy, float[] dx) {
        float[] turned = last.map(own -> own.back(pass.turned(), dy)).orElse(dy);
        positions.apply(turned, true);
        if (clip > 0) {
            for (int i = 0; i < turned.length; i++) {
                turned[i] = Math.abs(pass.normed()[i]) < clip ? turned[i] : 0;
            }
        }
        float[] product = norm.map(own -> own.back(pass.product(), turned)).orElse(turned);
        linear.back(product, dx.length / linear.matrix().columns(), dx);
    }
}
