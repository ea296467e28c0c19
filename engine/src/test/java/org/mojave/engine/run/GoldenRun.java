package org.mojave.engine.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.mojave.engine.kernel.Workers;

/** Runs a model on sequences and gathers what a golden file tells. */
final class GoldenRun implements AutoCloseable {
    /** Router choices of one layer for the tokens seen, in order. */
    record Choice(int layer, int[][] experts, float[][] weights) {}

    private final Model model;
    private final Workers workers;
    private final Decoder decoder;
    private final List<Choice> choices = new ArrayList<>();

    GoldenRun(Model model, int threads) {
        this.model = model;
        workers = new Workers(threads);
        decoder = new Decoder(model, workers);
    }

    /** Logits [sequence][time][vocabulary] of all sequences in one batch, each fed {@code chunk} tokens at a time. */
    float[][][] logits(int[][] sequences, int chunk) {
        List<KvCache> caches = new ArrayList<>();
        float[][][] all = new float[sequences.length][sequences[0].length][];
        for (int[] sequence : sequences) {
            caches.add(decoder.newCache(sequence.length));
        }
        for (int first = 0; first < sequences[0].length; first += chunk) {
            List<Decoder.Chunk> chunks = new ArrayList<>();
            int end = Math.min(first + chunk, sequences[0].length);
            for (int s = 0; s < sequences.length; s++) {
                chunks.add(new Decoder.Chunk(caches.get(s), Arrays.copyOfRange(sequences[s], first, end)));
            }
            int start = first;
            decoder.all(chunks, (c, from, rows, panel) -> {
                for (int r = 0; r < rows; r++) {
                    int size = model.vocabularySize();
                    all[c][start + from + r] = Arrays.copyOfRange(panel, r * size, (r + 1) * size);
                }
            }, this::keep);
        }
        return all;
    }

    /** Greedy continuation of one sequence. */
    int[] greedy(int[] prompt, int steps) {
        KvCache cache = decoder.newCache(prompt.length + steps);
        int[] tokens = new int[steps];
        float[] logits = decoder.last(List.of(new Decoder.Chunk(cache, prompt))).getFirst();
        for (int i = 0; i < steps; i++) {
            tokens[i] = best(logits);
            if (i + 1 < steps) {
                logits = decoder.last(List.of(new Decoder.Chunk(cache, new int[] {tokens[i]}))).getFirst();
            }
        }
        return tokens;
    }

    List<Choice> choices() {
        return choices;
    }

    private void keep(int layer, Routing routing) {
        int[][] experts = new int[routing.tokens()][];
        float[][] weights = new float[routing.tokens()][];
        for (int t = 0; t < routing.tokens(); t++) {
            int from = t * routing.chosen();
            experts[t] = Arrays.copyOfRange(routing.experts(), from, from + routing.chosen());
            weights[t] = Arrays.copyOfRange(routing.weights(), from, from + routing.chosen());
        }
        choices.add(new Choice(layer, experts, weights));
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    @Override
    public void close() {
        workers.close();
    }
}
