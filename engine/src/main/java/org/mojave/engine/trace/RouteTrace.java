package org.mojave.engine.trace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.mojave.engine.evict.ExpertNumbers;

/**
 * The experts that tokens chose, step by step. A step is one forward call: a prompt's chunk, or one generated token. Immutable.
 *
 * <p>Example: {@code trace.demands((step, layer, experts) -> …)} walks through it as a run would ask for experts.
 */
public final class RouteTrace {
    /** In place of an expert that was chosen but left out: no number of an expert. */
    static final char LEFT_OUT = Character.MAX_VALUE;

    private final List<Layer> layers;
    private final int[] stepTokens;
    private final char[][] choices;
    private final int tokens;

    /**
     * One layer with experts.
     *
     * @param layer the transformer layer
     * @param experts experts it has
     * @param chosen experts per token
     */
    public record Layer(int layer, int experts, int chosen) {
        /** Checks the ranges. */
        public Layer {
            if (layer < 0 || chosen < 1 || chosen > experts || experts > TraceFile.MOST_EXPERTS) {
                throw new IllegalArgumentException("not a layer: " + chosen + " of " + experts + " experts in layer " + layer);
            }
        }
    }

    /** Hears the experts that are needed together. */
    @FunctionalInterface
    public interface DemandConsumer {
        /** In that step, layer number {@code layer} of {@link #layers} needs those experts, ascending. */
        void demand(int step, int layer, int[] experts);
    }

    /**
     * A trace.
     *
     * @param stepTokens tokens of each step
     * @param choices for each layer the expert numbers [tokens of all steps, chosen]; owned by the trace from now on
     */
    RouteTrace(List<Layer> layers, int[] stepTokens, char[][] choices) {
        this.layers = List.copyOf(layers);
        this.stepTokens = stepTokens;
        this.choices = choices;
        tokens = Arrays.stream(stepTokens).reduce(0, Math::addExact);
        if (layers.isEmpty() || choices.length != layers.size()) {
            throw new IllegalArgumentException(choices.length + " layers of choices for " + layers.size() + " layers");
        }
        for (int l = 0; l < choices.length; l++) {
            if (choices[l].length != (long) tokens * layers.get(l).chosen()) {
                throw new IllegalArgumentException(choices[l].length + " choices of " + tokens + " tokens in layer " + layers.get(l));
            }
            for (char expert : choices[l]) {
                if (expert != LEFT_OUT && expert >= layers.get(l).experts()) {
                    throw new IllegalArgumentException("expert " + (int) expert + " in a layer of " + layers.get(l).experts());
                }
            }
        }
    }

    /** The layers with experts, in order. */
    public List<Layer> layers() {
        return layers;
    }

    /** The experts as numbers for policies. */
    public ExpertNumbers numbers() {
        return new ExpertNumbers(layers.stream().map(Layer::experts).toList());
    }

    /** Steps. */
    public int steps() {
        return stepTokens.length;
    }

    /** Tokens of one step. */
    public int tokens(int step) {
        return stepTokens[step];
    }

    /** Tokens of all steps. */
    public int tokens() {
        return tokens;
    }

    /** The experts of one token, counted over all steps, by descending weight; −1 for one that was left out. */
    public int[] chosen(int layer, int token) {
        int chosen = layers.get(layer).chosen();
        return IntStream.range(token * chosen, (token + 1) * chosen).map(i -> expert(choices[layer][i])).toArray();
    }

    /** Copies {@link #chosen} to {@code target[from …]}. */
    void copyChosen(int layer, int token, int[] target, int from) {
        int chosen = layers.get(layer).chosen();
        for (int k = 0; k < chosen; k++) {
            target[from + k] = expert(choices[layer][token * chosen + k]);
        }
    }

    /** Whether no expert was left out. */
    boolean whole() {
        for (char[] layer : choices) {
            for (char expert : layer) {
                if (expert == LEFT_OUT) {
                    return false;
                }
            }
        }
        return true;
    }

    private static int expert(char choice) {
        return choice == LEFT_OUT ? -1 : choice;
    }

    /** Walks through all steps and layers. */
    public void demands(DemandConsumer consumer) {
        int token = 0;
        for (int step = 0; step < stepTokens.length; step++) {
            for (int layer = 0; layer < layers.size(); layer++) {
                consumer.demand(step, layer, distinct(layer, token, stepTokens[step]));
            }
            token += stepTokens[step];
        }
    }

    /** Experts that each step touches, all layers together. */
    public List<Integer> touched() {
        List<Integer> touched = new ArrayList<>();
        demands((step, layer, experts) -> {
            if (layer == 0) {
                touched.add(experts.length);
            } else {
                touched.set(step, touched.get(step) + experts.length);
            }
        });
        return touched;
    }

    private int[] distinct(int layer, int token, int tokens) {
        int chosen = layers.get(layer).chosen();
        return IntStream.range(token * chosen, (token + tokens) * chosen).map(i -> choices[layer][i])
                .filter(expert -> expert != LEFT_OUT).sorted().distinct().toArray();
    }

    /** Tokens of each step; not to be changed. */
    int[] stepTokens() {
        return stepTokens;
    }

    /** Choices of one layer; not to be changed. */
    char[] choices(int layer) {
        return choices[layer];
    }
}
