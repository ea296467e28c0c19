package org.mojave.engine.bounded;

import java.util.Optional;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.NeuronChoice;
import org.mojave.engine.run.RouteChange;
import org.mojave.engine.store.ExpertStore;

/**
 * Whatever a mode needs to decide, for one decoder.
 *
 * <p>Example: {@code RunParts.of(model, path).routes(bounded.change()).neurons(bounded.choice())}.
 *
 * @param mode that decides, or did
 * @param routes for modes of routes
 * @param neurons for modes of neurons
 */
public record Bounded(Mode mode, Optional<BoundedRoutes> routes, Optional<BoundedNeurons> neurons) {
    /** Decides by the mode; {@code log} hears of it. IllegalArgumentException for a model that the mode does not fit. */
    public static Bounded deciding(ModelSpec spec, Mode mode, Optional<ExpertStore> store, Optional<DecisionLog.Writer> log) {
        return switch (mode) {
            case Mode.OfRoutes of -> new Bounded(mode, Optional.of(BoundedRoutes.deciding(spec, of, store, log)), Optional.empty());
            case Mode.OfNeurons of -> new Bounded(mode, Optional.empty(), Optional.of(BoundedNeurons.deciding(spec, of, log)));
        };
    }

    /** Decides as an earlier run did, whatever is in memory now. */
    public static Bounded replaying(ModelSpec spec, DecisionLog decisions, Optional<DecisionLog.Writer> log) {
        return switch (decisions.mode()) {
            case Mode.OfRoutes of -> new Bounded(of, Optional.of(BoundedRoutes.replaying(spec, decisions, log)), Optional.empty());
            case Mode.OfNeurons of -> new Bounded(of, Optional.empty(), Optional.of(BoundedNeurons.replaying(spec, decisions, log)));
        };
    }

    /** What changes routes, if anything does. */
    public Optional<RouteChange> change() {
        return routes.map(RouteChange.class::cast);
    }

    /** What leaves out parts of experts, if anything does. */
    public Optional<NeuronChoice> choice() {
        return neurons.map(NeuronChoice.class::cast);
    }
}
