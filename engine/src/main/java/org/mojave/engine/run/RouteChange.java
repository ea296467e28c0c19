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
}
