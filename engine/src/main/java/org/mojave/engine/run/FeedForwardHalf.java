package org.mojave.engine.run;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.BiFunction;
import org.mojave.engine.kernel.Exponential;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.Gating;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.Router;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.store.ExpertStore;

/** Norm, router, experts, shared expert, residual. */
final class FeedForwardHalf {
    private final ModelSpec spec;
    private final Workers workers;
    private final Buffers buffers;
    private final Linears linears;
    private final Joiner joiner;
    private final RoutedExperts routed;
    private final Optional<RouteChange> routes;
    private final Optional<DynamicPruning> pruning;
    private final Optional<ExpertStore> store;
    private int[] chosenExperts = new int[0];

    FeedForwardHalf(ModelSpec spec, Workers workers, Linears linears, Buffers buffers, RunParts parts) {
        this.spec = spec;
        this.workers = workers;
        this.buffers = buffers;
        this.linears = linears;
        joiner = new Joiner(workers, linears);
        routed = new RoutedExperts(spec.hiddenSize(), workers, linears, buffers, parts);
        routes = parts.routes();
        pruning = parts.pruning();
        store = parts.experts();
    }

    /** Bytes kept from call to call beside buffers. */
    long keptBytes() {
        return routed.keptBytes();
    }

    /** The three matrices of one network. */
    private record Network(MatrixId gate, MatrixId up, MatrixId down, int intermediate, Gating gating) {}

    void run(LayerWeights weights, float[] hidden, int tokens, LinearObserver observer, RouterListener listener) {
        compute(weights, hidden, tokens, observer, (mixture, normed) -> {
            Routing routing = route(weights, mixture.router(), normed, tokens, observer);
            routes.ifPresent(change -> change.apply(weights.layer(), routing));
            listener.routed(weights.layer(), routing);
            pruning.ifPresent(skips -> skips.apply(weights.layer(), routing, hidden, spec.hiddenSize()));
            routes.ifPresent(change -> change.skip(weights.layer(), routing));
            listener.computed(weights.layer(), routing);
            return routing;
        });
    }

    /** With experts chosen elsewhere: the router is not asked. */
    void run(LayerWeights weights, float[] hidden, Routing given, LinearObserver observer) {
        compute(weights, hidden, given.tokens(), observer, (_, _) -> given);
    }

    /** Only norm and router. */
    void route(LayerWeights weights, float[] hidden, int tokens, LinearObserver observer, RouterListener listener) {
        float[] normed = norm(weights, hidden, tokens);
        listener.routed(weights.layer(), route(weights, spec.mixture(weights.layer()).router(), normed, tokens, observer));
    }

    /** The router's choice for one token, before its attention, as a guess for the experts' store and for who fixes routes early. */
    void guess(LayerWeights weights, float[] hidden, int tokens) {
        boolean read = store.isPresent() && store.get().wantsGuesses();
        boolean fix = routes.isPresent() && routes.get().wantsGuesses();
        if (tokens == 1 && (read || fix) && weights.spec().feedForward() instanceof FeedForward.Mixture mixture) {
            Routing routing = route(weights, mixture.router(), norm(weights, hidden, 1), 1, LinearObserver.NONE);
            if (read) {
                store.get().guess(weights.layer(), routing.experts(), routing.chosen());
            }
            if (fix) {
                routes.get().guessed(weights.layer(), routing);
            }
        }
    }

    private float[] norm(LayerWeights weights, float[] hidden, int tokens) {
        int size = spec.hiddenSize();
        float[] normed = buffers.take(Buffers.Slot.NORMED, tokens, size);
        RowNorm norm = new RowNorm(spec.norm(), weights.vector(VectorRole.FEED_FORWARD_NORM),
                weights.vector(VectorRole.FEED_FORWARD_NORM_BIAS));
        Rows.forEach(workers, tokens, (first, end) -> {
            for (int t = first; t < end; t++) {
                norm.row(hidden, t * size, normed, t * size);
            }
        });
        return normed;
    }

    private void compute(LayerWeights weights, float[] hidden, int tokens, LinearObserver observer,
            BiFunction<FeedForward.Mixture, float[], Routing> router) {
        int size = spec.hiddenSize();
        float[] normed = norm(weights, hidden, tokens);
        float[] mixed = buffers.take(Buffers.Slot.MIXED, tokens, size);
        switch (weights.spec().feedForward()) {
            case FeedForward.Dense dense -> network(weights, new Network(weights.id(MatrixRole.GATE), weights.id(MatrixRole.UP),
                    weights.id(MatrixRole.DOWN), dense.intermediate(), dense.gating()),
                    new Linears.Input(normed, tokens), mixed, observer);
            case FeedForward.Mixture mixture -> {
                routed.run(weights, mixture, router.apply(mixture, normed), observer);
                shared(weights, mixture, tokens, observer);
            }
        }
        float residual = (float) spec.multipliers().residual();
        for (int i = 0; i < tokens * size; i++) {
            hidden[i] += mixed[i] * residual;
        }
    }

    /** Floats in GATE and UP [tokens, intermediate]. */
    static long networkFloatsPerToken(FeedForward feedForward) {
        return 2L * switch (feedForward) {
            case FeedForward.Dense dense -> dense.intermediate();
            case FeedForward.Mixture mixture ->
                Math.max(mixture.intermediate(), mixture.shared().map(FeedForward.Shared::intermediate).orElse(0));
        };
    }

    /** Floats in the buffers that only layers with experts need; NORMED and MIXED [tokens, hidden] apart. */
    static long mixtureFloatsPerToken(FeedForward feedForward, int hiddenSize) {
        return switch (feedForward) {
            case FeedForward.Dense _ -> 0;
            case FeedForward.Mixture mixture ->
                2L * hiddenSize + mixture.router().experts() + 3L * mixture.router().chosen() + 2;
        };
    }

    private void network(LayerWeights weights, Network network, Linears.Input input, float[] y, LinearObserver observer) {
        int width = network.intermediate();
        float[] gate = buffers.take(Buffers.Slot.GATE, input.tokens(), width);
        float[] up = buffers.take(Buffers.Slot.UP, input.tokens(), width);
        linears.add(weights, network.gate(), input, new Linears.Output(gate, 0), observer);
        linears.add(weights, network.up(), input, new Linears.Output(up, 0), observer);
        linears.run();
        joiner.join(network.gating(), gate, up, new Joiner.Part(0, input.tokens(), width));
        linears.apply(weights, network.down(), new Linears.Input(gate, 0, input.tokens(), input.affinity()), y, observer);
    }

    private Routing route(LayerWeights weights, Router router, float[] normed, int tokens, LinearObserver observer) {
        float[] logits = buffers.take(Buffers.Slot.ROUTER, tokens, router.experts());
        linears.apply(weights, weights.id(MatrixRole.ROUTER), new Linears.Input(normed, tokens), logits, observer);
        float[] chosenWeights = buffers.take(Buffers.Slot.ROUTER_WEIGHTS, tokens, router.chosen());
        if (chosenExperts.length < tokens * router.chosen()) {
            chosenExperts = new int[tokens * router.chosen()];
        }
        int[] chosen = chosenExperts;
        Rows.forEach(workers, tokens, (first, end) -> {
            RouterStep step = new RouterStep(router, weights.vector(VectorRole.ROUTER_CORRECTION));
            for (int t = first; t < end; t++) {
                step.route(logits, t, chosen, chosenWeights);
            }
        });
        return new Routing(tokens, router.chosen(), logits, chosen, chosenWeights);
    }

    private void shared(LayerWeights weights, FeedForward.Mixture mixture, int tokens, LinearObserver observer) {
        Optional<FeedForward.Shared> present = mixture.shared();
        if (present.isEmpty()) {
            return;
        }
        FeedForward.Shared shared = present.get();
        int size = spec.hiddenSize();
        Linears.Input input = new Linears.Input(buffers.take(Buffers.Slot.NORMED, tokens, size), tokens);
        float[] scales = buffers.take(Buffers.Slot.SHARED_SCALE, tokens, 1);
        if (shared.gated()) {
            linears.apply(weights, weights.id(MatrixRole.SHARED_ROUTER), input, scales, observer);
            for (int t = 0; t < tokens; t++) {
                scales[t] = Exponential.sigmoid(scales[t]);
            }
        } else {
            Arrays.fill(scales, 0, tokens, 1);
        }
        float[] output = buffers.take(Buffers.Slot.EXPERT_OUTPUT, tokens, size);
        network(weights, new Network(weights.id(MatrixRole.SHARED_GATE), weights.id(MatrixRole.SHARED_UP),
                weights.id(MatrixRole.SHARED_DOWN), shared.intermediate(), shared.gating()),
                shared.gated() ? new Linears.Input(input.x(), 0, tokens, scales) : input, output, observer);
        float[] mixed = buffers.take(Buffers.Slot.MIXED, tokens, size);
        for (int t = 0; t < tokens; t++) {
            add(output, t * size, mixed, t * size, scales[t]);
        }
    }

    /** Adds one hidden vector times {@code factor}. */
    private void add(float[] x, int from, float[] y, int to, float factor) {
        int size = spec.hiddenSize();
        for (int i = 0; i < size; i++) {
            y[to + i] += x[from + i] * factor;
        }
    }
}
