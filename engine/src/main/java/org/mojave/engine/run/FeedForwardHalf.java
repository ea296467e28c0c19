package org.mojave.engine.run;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.BiFunction;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.Gating;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.Router;
import org.mojave.engine.model.VectorRole;

/** Norm, router, experts, shared expert, residual. */
final class FeedForwardHalf {
    /** Rows that are computed together at least, whatever the number of tokens, where long lists of products pay. */
    static final int TOGETHER = 256;

    private final ModelSpec spec;
    private final Workers workers;
    private final Buffers buffers;
    private final Linears linears;
    private int[] chosenExperts = new int[0];
    /** Slots (token · chosen + k) in the order of the experts, and where each slot is in it. */
    private int[] slots = new int[0];
    private int[] places = new int[0];
    private int[] expertStart = new int[0];

    FeedForwardHalf(ModelSpec spec, Workers workers, Linears linears, Buffers buffers) {
        this.spec = spec;
        this.workers = workers;
        this.buffers = buffers;
        this.linears = linears;
    }

    /** The three matrices of one network. */
    private record Network(MatrixId gate, MatrixId up, MatrixId down, int intermediate, Gating gating) {}

    void run(LayerWeights weights, float[] hidden, int tokens, LinearObserver observer, RouterListener listener) {
        compute(weights, hidden, tokens, observer, (mixture, normed) -> {
            Routing routing = route(weights, mixture.router(), normed, tokens, observer);
            listener.routed(weights.layer(), routing);
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
                experts(weights, mixture, router.apply(mixture, normed), observer);
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
        join(network.gating(), gate, up, input.tokens(), width);
        linears.apply(weights, network.down(), new Linears.Input(gate, 0, input.tokens(), input.affinity()), y, observer);
    }

    private void join(Gating gating, float[] gate, float[] up, int rows, int width) {
        Rows.forEach(workers, rows, (first, end) -> Activations.join(gating, gate, up, first * width, end * width));
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

    /** Experts in order of their number, as many at a time as {@link #TOGETHER} rows allow. */
    private void experts(LayerWeights weights, FeedForward.Mixture mixture, Routing routing, LinearObserver observer) {
        int size = spec.hiddenSize();
        int experts = mixture.router().experts();
        group(routing, experts);
        float[] mixed = buffers.take(Buffers.Slot.MIXED, routing.tokens(), size);
        Arrays.fill(mixed, 0, routing.tokens() * size, 0);
        int most = linears.joins() && !observer.looks() ? Math.max(routing.tokens(), TOGETHER) : 1;
        int first = 0;
        while (first < experts) {
            int end = first + 1;
            while (end < experts && expertStart[end + 1] - expertStart[first] <= most) {
                end++;
            }
            if (expertStart[end] > expertStart[first]) {
                together(weights, mixture, routing, new Range(first, end), observer);
            }
            first = end;
        }
    }

    /** Experts {@code first … end−1}. */
    private record Range(int first, int end) {}

    /** Computes some experts for their tokens and adds the results to MIXED. */
    private void together(LayerWeights weights, FeedForward.Mixture mixture, Routing routing, Range range, LinearObserver observer) {
        int size = spec.hiddenSize();
        int width = mixture.intermediate();
        int start = expertStart[range.first()];
        int rows = expertStart[range.end()] - start;
        boolean scaleInput = mixture.router().target() == Router.Target.EXPERT_INPUT;
        float[] gathered = buffers.take(Buffers.Slot.GATHERED, rows, size);
        float[] affinity = buffers.take(Buffers.Slot.AFFINITY, rows, 1);
        float[] gate = buffers.take(Buffers.Slot.GATE, rows, width);
        float[] up = buffers.take(Buffers.Slot.UP, rows, width);
        float[] output = buffers.take(Buffers.Slot.EXPERT_OUTPUT, rows, size);
        gather(routing, start, rows, scaleInput);
        for (int expert = range.first(); expert < range.end(); expert++) {
            Linears.Input input = input(gathered, expert, start, affinity);
            if (input.tokens() > 0) {
                Linears.Output gateRows = new Linears.Output(gate, input.firstRow());
                linears.add(weights, new MatrixId(MatrixRole.GATE, weights.layer(), expert), input, gateRows, observer);
                Linears.Output upRows = new Linears.Output(up, input.firstRow());
                linears.add(weights, new MatrixId(MatrixRole.UP, weights.layer(), expert), input, upRows, observer);
            }
        }
        linears.run();
        join(mixture.gating(), gate, up, rows, width);
        for (int expert = range.first(); expert < range.end(); expert++) {
            Linears.Input input = input(gate, expert, start, affinity);
            if (input.tokens() > 0) {
                linears.add(weights, new MatrixId(MatrixRole.DOWN, weights.layer(), expert), input,
                        new Linears.Output(output, input.firstRow()), observer);
            }
        }
        linears.run();
        scatter(routing, start, rows, scaleInput);
    }

    private Linears.Input input(float[] x, int expert, int start, float[] affinity) {
        return new Linears.Input(x, expertStart[expert] - start, expertStart[expert + 1] - expertStart[expert], affinity);
    }

    /** Copies the activations of slots {@code start … start+rows−1} to GATHERED, their weights to AFFINITY. */
    private void gather(Routing routing, int start, int rows, boolean scaleInput) {
        int size = spec.hiddenSize();
        float[] normed = buffers.take(Buffers.Slot.NORMED, routing.tokens(), size);
        float[] gathered = buffers.take(Buffers.Slot.GATHERED, rows, size);
        float[] affinity = buffers.take(Buffers.Slot.AFFINITY, rows, 1);
        Rows.forEach(workers, rows, (first, end) -> {
            for (int i = first; i < end; i++) {
                int slot = slots[start + i];
                affinity[i] = routing.weights()[slot];
                System.arraycopy(normed, slot / routing.chosen() * size, gathered, i * size, size);
                if (scaleInput) {
                    scale(gathered, i * size, size, affinity[i]);
                }
            }
        });
    }

    /** Adds the rows of EXPERT_OUTPUT to their tokens' rows of MIXED, each token's in the order of the experts. */
    private void scatter(Routing routing, int start, int rows, boolean scaleInput) {
        int size = spec.hiddenSize();
        int chosen = routing.chosen();
        float[] output = buffers.take(Buffers.Slot.EXPERT_OUTPUT, rows, size);
        float[] affinity = buffers.take(Buffers.Slot.AFFINITY, rows, 1);
        float[] mixed = buffers.take(Buffers.Slot.MIXED, routing.tokens(), size);
        Rows.forEach(workers, routing.tokens(), (first, end) -> {
            for (int t = first; t < end; t++) {
                int done = start - 1;
                for (int k = 0; k < chosen; k++) {
                    int next = start + rows;
                    for (int slot = t * chosen; slot < (t + 1) * chosen; slot++) {
                        next = places[slot] > done ? Math.min(next, places[slot]) : next;
                    }
                    if (next == start + rows) {
                        break;
                    }
                    int row = next - start;
                    add(output, row * size, mixed, t * size, scaleInput ? 1 : affinity[row]);
                    done = next;
                }
            }
        });
    }

    /** Counting sort of the slots (token · chosen + k) by expert: tokens stay in order within an expert. */
    private void group(Routing routing, int experts) {
        int count = routing.tokens() * routing.chosen();
        if (slots.length < count) {
            slots = new int[count];
            places = new int[count];
        }
        if (expertStart.length != experts + 1) {
            expertStart = new int[experts + 1];
        }
        Arrays.fill(expertStart, 0);
        for (int i = 0; i < count; i++) {
            expertStart[routing.experts()[i] + 1]++;
        }
        for (int e = 0; e < experts; e++) {
            expertStart[e + 1] += expertStart[e];
        }
        for (int i = 0; i < count; i++) {
            places[i] = expertStart[routing.experts()[i]]++;
            slots[places[i]] = i;
        }
        System.arraycopy(expertStart, 0, expertStart, 1, experts);
        expertStart[0] = 0;
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

    private static void scale(float[] x, int from, int count, float factor) {
        for (int i = from; i < from + count; i++) {
            x[i] *= factor;
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
