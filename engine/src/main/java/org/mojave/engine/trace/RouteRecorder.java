package org.mojave.engine.trace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.RouterListener;
import org.mojave.engine.run.Routing;

/**
 * Records the router's choices of a decoder's calls. When the trace would take more than its limit, recording stops and {@link
 * #complete} says so; the run goes on.
 *
 * <p>Example: {@code RouteRecorder recorder = new RouteRecorder(model.spec(), RouteRecorder.Steps.AS_RUN, 64 << 20);
 * decoder.last(chunks, recorder); RouteTrace trace = recorder.trace();}
 */
public final class RouteRecorder implements RouterListener {
    /** Which experts of a token count. */
    public enum Experts {
        /** All that its router chose. */
        CHOSEN,
        /** Those that were computed: pruning and bounded modes leave some out. */
        COMPUTED
    }

    /** What counts as a step. */
    public enum Steps {
        /** One call of the decoder. */
        AS_RUN,
        /** Each token by itself, as if it had been generated: choices do not depend on how a text is cut into calls. */
        TOKEN_BY_TOKEN
    }

    private final List<RouteTrace.Layer> layers;
    private final Steps steps;
    private final Experts experts;
    private final long limitBytes;
    private final char[][] choices;
    private final int[] indexOfLayer;
    private int[] stepTokens = new int[64];
    private int stepCount;
    private int tokens;
    private int current = -1;
    private boolean full;

    /** For that model and all experts that its routers choose, keeping at most {@code limitBytes} bytes of choices. */
    public RouteRecorder(ModelSpec spec, Steps steps, long limitBytes) {
        this(spec, steps, Experts.CHOSEN, limitBytes);
    }

    /** For those experts. A trace that lacks some can be replayed but not written. */
    public RouteRecorder(ModelSpec spec, Steps steps, Experts experts, long limitBytes) {
        this.steps = steps;
        this.experts = experts;
        this.limitBytes = limitBytes;
        layers = layers(spec);
        indexOfLayer = new int[spec.layers().size()];
        for (int index = 0; index < layers.size(); index++) {
            indexOfLayer[layers.get(index).layer()] = index;
        }
        if (layers.isEmpty()) {
            throw new IllegalArgumentException("the model has no layer with experts");
        }
        choices = new char[layers.size()][0];
    }

    /** The layers with experts that a trace of such a model has. */
    public static List<RouteTrace.Layer> layers(ModelSpec spec) {
        List<RouteTrace.Layer> layers = new ArrayList<>();
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            if (spec.layer(layer).feedForward() instanceof FeedForward.Mixture mixture) {
                layers.add(new RouteTrace.Layer(layer, mixture.router().experts(), mixture.router().chosen()));
            }
        }
        return layers;
    }

    @Override
    public void routed(int layer, Routing routing) {
        if (experts == Experts.CHOSEN) {
            record(layer, routing);
        }
    }

    @Override
    public void computed(int layer, Routing routing) {
        if (experts == Experts.COMPUTED) {
            record(layer, routing);
        }
    }

    private void record(int layer, Routing routing) {
        int index = indexOfLayer[layer];
        if (index == 0) {
            begin(routing.tokens());
        } else if (index != current + 1) {
            throw new IllegalStateException("layer " + layer + " reports out of turn");
        }
        current = index;
        if (full) {
            return;
        }
        int chosen = routing.chosen();
        int count = routing.tokens() * chosen;
        int at = tokens * chosen;
        if (choices[index].length < at + count) {
            choices[index] = Arrays.copyOf(choices[index], Math.max(at + count, 2 * at));
        }
        for (int i = 0; i < count; i++) {
            choices[index][at + i] = routing.experts()[i] < 0 ? RouteTrace.LEFT_OUT : (char) routing.experts()[i];
        }
        if (index == layers.size() - 1) {
            end(routing.tokens());
        }
    }

    private void begin(int added) {
        if (!layers.isEmpty() && current != -1 && current != layers.size() - 1) {
            throw new IllegalStateException("a step ended before its last layer");
        }
        long chosen = layers.stream().mapToLong(RouteTrace.Layer::chosen).sum();
        full |= 2 * chosen * ((long) tokens + added) > limitBytes;
    }

    private void end(int added) {
        if (steps == Steps.AS_RUN) {
            step(added);
        } else {
            for (int t = 0; t < added; t++) {
                step(1);
            }
        }
        tokens += added;
    }

    private void step(int added) {
        if (stepCount == stepTokens.length) {
            stepTokens = Arrays.copyOf(stepTokens, 2 * stepCount);
        }
        stepTokens[stepCount++] = added;
    }

    /** Whether nothing was left out. */
    public boolean complete() {
        return !full;
    }

    /** Steps recorded so far. */
    public int steps() {
        return stepCount;
    }

    /** What was recorded so far. */
    public RouteTrace trace() {
        char[][] copies = new char[choices.length][];
        for (int l = 0; l < copies.length; l++) {
            copies[l] = Arrays.copyOf(choices[l], tokens * layers.get(l).chosen());
        }
        return new RouteTrace(layers, Arrays.copyOf(stepTokens, stepCount), copies);
    }
}
