package org.mojave.engine.trace;

import java.util.Arrays;
import org.mojave.engine.predict.RoutePredictor;

/** What each layer's router picked before the layer's attention, as recorded beside a trace. */
public final class GuessedRoutes implements RoutePredictor {
    private final RouteTrace guesses;
    private int token;

    /** From the first token of that trace of guesses on. */
    public GuessedRoutes(RouteTrace guesses) {
        this.guesses = guesses;
    }

    @Override
    public String name() {
        return "router";
    }

    @Override
    public void used(int layer, int[] experts) {
        token += layer == guesses.layers().size() - 1 ? 1 : 0;
    }

    @Override
    public int[] next(int layer, int count) {
        int[] chosen = guesses.chosen(layer, token);
        return Arrays.copyOf(chosen, Math.min(count, chosen.length));
    }
}
