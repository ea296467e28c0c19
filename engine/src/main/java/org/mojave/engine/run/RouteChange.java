package org.mojave.engine.run;

/**
 * Puts other experts, or other weights, in the place of those the router chose. Changes results. For one decoder.
 *
 * <p>Example: {@code new Decoder(model, workers, RunParts.of(path).routes(Optional.of((layer, routing) -> …)))}.
 */
@FunctionalInterface
public interface RouteChange {
    /**
     * Called once per layer with experts and batch, before listeners hear of the choice; changes experts and weights in place. The
     * experts of a token must be distinct; nobody looks at whether weights still fall.
     */
    void apply(int layer, Routing routing);

    /** Called after listeners and pruning; may take experts out besides: number −1, weight 0. */
    default void skip(int layer, Routing routing) {}

    /** Whether {@link #guessed} wants to be called. */
    default boolean wantsGuesses() {
        return false;
    }

    /** The router's choice for the one new token, before the layer's attention. */
    default void guessed(int layer, Routing guess) {}

    /** Both, one after the other. */
    default RouteChange then(RouteChange second) {
        RouteChange first = this;
        return new RouteChange() {
            @Override
            public void apply(int layer, Routing routing) {
                first.apply(layer, routing);
                second.apply(layer, routing);
            }

            @Override
            public void skip(int layer, Routing routing) {
                first.skip(layer, routing);
                second.skip(layer, routing);
            }

            @Override
            public boolean wantsGuesses() {
                return first.wantsGuesses() || second.wantsGuesses();
            }

            @Override
            public void guessed(int layer, Routing guess) {
                first.guessed(layer, guess);
                second.guessed(layer, guess);
            }
        };
    }
}
