package org.mojave.engine.predict;

/**
 * Guesses the experts of a layer before its router has spoken. Layers are counted among those with experts. For one thread at a time.
 *
 * <p>Example: {@code predictor.used(2, experts); int[] likely = predictor.next(3, 8);}
 */
public interface RoutePredictor {
    /** For people. */
    String name();

    /** A layer used these experts; layers follow each other, the first one begins a new token. */
    void used(int layer, int[] experts);

    /** At most {@code count} experts of the layer, most likely first, after the layers before it were {@link #used}. */
    int[] next(int layer, int count);
}
