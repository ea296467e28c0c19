package org.mojave.engine.bounded;

import org.mojave.engine.run.Routing;

/** Says which experts one token of a layer takes. */
interface Chooser {
    /** The router's choice for the one new token from the state before the layer's attention. */
    default void guessed(int layer, Routing guess) {}

    /**
     * Changes the experts of one token, by falling weight; −1 leaves one out.
     *
     * @param row the token in the batch
     * @param experts to be changed, as many as the router chose
     */
    void choose(int layer, Routing routing, int row, int[] experts);
}
