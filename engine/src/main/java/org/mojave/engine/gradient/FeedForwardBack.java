package org.mojave.engine.gradient;

import java.util.Arrays;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.Routing;
import org.mojave.engine.store.Weights;

/** Norm, router, experts, shared expert, backwards. */
final class FeedForwardBack {
    private final ModelSpec spec;
    private final Weights weights;
    private final Workers workers;
    private final LayerRunner runner;

    FeedForwardBack(Model model, Workers workers, LayerRunner runner) {
        spec = model.spec();
        weights = model.weights();
        this.workers = workers;
        this.runner = runner;
    }

    /**
     * Adds to {@code gradient} what goes back through the half: {@code states} [tokens, hidden] are those before it, {@code output} is the
     * gradient at what it adds to them.
     */
    void back(int layer, float[] states, float[] output, float[] gradient) {
        HiddenNorm norm = HiddenNorm.ofFeedForward(spec.norm(), weights, layer);
        float[] x = norm.forward(states);
        int tokens = x.length / spec.hiddenSize();
        float[] dx = new float[x.length];
        switch (spec.layer(layer).feedForward()) {
            case FeedForward.Dense dense -> {
                Network network = Network.of(weights, workers, new Network.Names(MatrixId.of(MatrixRole.GATE, layer), MatrixId.of(MatrixRole.UP, layer),
                        MatrixId.of(MatrixRole.DOWN, layer)), dense.gating());
                network.back(network.forward(x, tokens), output, dx);
            }
            case FeedForward.Mixture mixture -> {
                routed(layer, mixture, new Halves(states, x, output), dx);
                if (mixture.shared().isPresent()) {
                    shared(layer, mixture.shared().get(), new Halves(states, x, output), dx);
                }
            }
        }
        norm.back(states, dx, gradient);
    }

    /** States before the half, normalised, and the gradient behind it, all [tokens, hidden]. */
    private record Halves(float[] states, float[] x, float[] output) {}

    private void routed(int layer, FeedForward.Mixture mixture, Halves halves, float[] dx) {
        int size = spec.hiddenSize();
        int tokens = halves.x().length / size;
        Routing routing = routing(layer, halves.states(), tokens);
        double[][] dw = new double[tokens][routing.chosen()];
        for (int expert = 0; expert < mixture.router().experts(); expert++) {
            int[] slots = slots(routing, expert);
            if (slots.length > 0) {
                expert(new MatrixId(MatrixRole.GATE, layer, expert), mixture, new Share(routing, slots, halves), dw, dx);
            }
        }
        float[] dlogits = new float[tokens * mixture.router().experts()];
        RouterBack router = new RouterBack(mixture.router());
        for (int t = 0; t < tokens; t++) {
            router.token(routing, t, dw[t], dlogits);
        }
        Linear.of(weights, MatrixId.of(MatrixRole.ROUTER, layer), workers).back(dlogits, tokens, dx);
    }

    /** The router's choice, copied. */
    private Routing routing(int layer, float[] states, int tokens) {
        Routing[] found = new Routing[1];
        runner.route(LayerWeights.of(spec, weights, layer), states, tokens, LinearObserver.NONE, (_, routing) -> {
            int slots = tokens * routing.chosen();
            int experts = spec.mixture(layer).router().experts();
            found[0] = new Routing(tokens, routing.chosen(), Arrays.copyOf(routing.logits(), tokens * experts),
                    Arrays.copyOf(routing.experts(), slots), Arrays.copyOf(routing.weights(), slots));
        });
        return found[0];
    }

    /** Slots (token · chosen + k) that chose the expert. */
    private static int[] slots(Routing routing, int expert) {
        int[] slots = new int[routing.tokens()];
        int count = 0;
        for (int slot = 0; slot < routing.tokens() * routing.chosen(); slot++) {
            if (routing.experts()[slot] == expert) {
                slots[count++] = slot;
            }
        }
        return Arrays.copyOf(slots, count);
    }

    /** One expert's tokens. */
    private record Share(Routing routing, int[] slots, Halves halves) {
        int token(int i) {
            return slots[i] / routing.chosen();
        }

        /** The rows of its tokens. */
        float[] rows(float[] all, int size) {
            float[] rows = new float[slots.length * size];
            for (int i = 0; i < slots.length; i++) {
                System.arraycopy(all, token(i) * size, rows, i * size, size);
            }
            return rows;
        }

        /** Multiplies each slot's row by its routing weight. */
        void scale(float[] rows) {
            int size = rows.length / slots.length;
            for (int i = 0; i < rows.length; i++) {
                rows[i] *= routing.weights()[slots[i / size]];
            }
        }

        /** The gradient at the routing weights: of each slot, its row of the one times that of the other. */
        void along(float[] gradient, float[] rows, double[][] dw) {
            int size = rows.length / slots.length;
            for (int i = 0; i < slots.length; i++) {
                double sum = 0;
                for (int c = i * size; c < (i + 1) * size; c++) {
                    sum += (double) gradient[c] * rows[c];
                }
                dw[token(i)][slots[i] % routing.chosen()] = sum;
            }
        }

        /** Adds each slot's row to that of its token. */
        void add(float[] rows, float[] all) {
            int size = rows.length / slots.length;
            for (int i = 0; i < slots.length; i++) {
                for (int c = 0; c < size; c++) {
                    all[token(i) * size + c] += rows[i * size + c];
                }
            }
        }
    }

    private void expert(MatrixId gate, FeedForward.Mixture mixture, Share share, double[][] dw, float[] dx) {
        Network network = Network.of(weights, workers, new Network.Names(gate, new MatrixId(MatrixRole.UP, gate.layer(), gate.expert()),
                new MatrixId(MatrixRole.DOWN, gate.layer(), gate.expert())), mixture.gating());
        switch (mixture.router().target()) {
            case EXPERT_OUTPUT -> scaledOutput(network, share, dw, dx);
            case EXPERT_INPUT -> scaledInput(network, share, dw, dx);
        }
    }

    /** Of {@code w · network(x)}. */
    private void scaledOutput(Network network, Share share, double[][] dw, float[] dx) {
        int size = spec.hiddenSize();
        Network.Pass pass = network.forward(share.rows(share.halves().x(), size), share.slots().length);
        float[] dy = share.rows(share.halves().output(), size);
        share.along(dy, pass.output(), dw);
        share.scale(dy);
        float[] own = new float[dy.length];
        network.back(pass, dy, own);
        share.add(own, dx);
    }

    /** Of {@code network(w · x)}. */
    private void scaledInput(Network network, Share share, double[][] dw, float[] dx) {
        int size = spec.hiddenSize();
        float[] x = share.rows(share.halves().x(), size);
        float[] scaled = x.clone();
        share.scale(scaled);
        Network.Pass pass = network.forward(scaled, share.slots().length);
        float[] own = new float[x.length];
        network.back(pass, share.rows(share.halves().output(), size), own);
        share.along(own, x, dw);
        share.scale(own);
        share.add(own, dx);
    }

    private void shared(int layer, FeedForward.Shared shared, Halves halves, float[] dx) {
        int size = spec.hiddenSize();
        int tokens = halves.x().length / size;
        Network network = Network.of(weights, workers, new Network.Names(MatrixId.of(MatrixRole.SHARED_GATE, layer),
                MatrixId.of(MatrixRole.SHARED_UP, layer), MatrixId.of(MatrixRole.SHARED_DOWN, layer)), shared.gating());
        Network.Pass pass = network.forward(halves.x(), tokens);
        if (!shared.gated()) {
            network.back(pass, halves.output(), dx);
            return;
        }
        Linear gate = Linear.of(weights, MatrixId.of(MatrixRole.SHARED_ROUTER, layer), workers);
        float[] opening = gate.forward(halves.x(), tokens);
        float[] dy = halves.output().clone();
        for (int t = 0; t < tokens; t++) {
            double open = ActivationSlope.sigmoid(opening[t]);
            double sum = 0;
            for (int c = t * size; c < (t + 1) * size; c++) {
                sum += (double) dy[c] * pass.output()[c];
                dy[c] *= (float) open;
            }
            opening[t] = (float) (sum * open * (1 - open));
        }
        gate.back(opening, tokens, dx);
        network.back(pass, dy, dx);
    }
}
