package org.mojave.engine.run;

/** Sees the router's choice for every token of a layer with experts. */
@FunctionalInterface
public interface RouterListener {
    /** Sees nothing. */
    RouterListener NONE = (_, _) -> { };

    /** Called once per layer and batch, before the experts run. */
    void routed(int layer, Routing routing);

    /** Called after {@link #routed} with what is left after pruning and bounded modes; an expert −1 is left out and not asked for. */
    default void computed(int layer, Routing routing) {}
}
