package org.mojave.cli;

import java.util.Arrays;
import java.util.List;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Table;
import org.mojave.engine.run.InvalidLogitsException;
import org.mojave.engine.run.Logits;

/** Shows the result of {@code mojave logits} to a person: the best token of every position and the experts of each layer. */
final class ReadableLogits implements LogitsOutput {
    private final Console console;
    private final int vocabulary;
    private int[] ids = new int[0];
    private Table table = new Table("");

    ReadableLogits(Console console, int vocabulary) {
        this.console = console;
        this.vocabulary = vocabulary;
    }

    @Override
    public int vocabulary() {
        return vocabulary;
    }

    @Override
    public void begin(int[] newIds) {
        ids = newIds;
        table = new Table(">position", ">token", ">best next", ">its logit", ">mean logit");
    }

    @Override
    public void logits(int first, int rows, float[] logits) {
        for (int r = 0; r < rows; r++) {
            if (!Logits.valid(logits, r * vocabulary, vocabulary)) {
                throw new InvalidLogitsException("position " + (first + r));
            }
            int best = Logits.best(logits, r * vocabulary, vocabulary);
            double sum = 0;
            for (int v = 0; v < vocabulary; v++) {
                sum += logits[r * vocabulary + v];
            }
            table.row(first + r, ids[first + r], best, Quantities.decimals(logits[r * vocabulary + best], 5),
                    Quantities.decimals(sum / vocabulary, 5));
        }
    }

    @Override
    public void router(List<RouterTrace.Layer> layers) {
        console.table(table);
        for (RouterTrace.Layer layer : layers) {
            console.line("experts of layer " + layer.layer() + ": "
                    + String.join(" ", layer.experts().stream().map(e -> Arrays.toString(e).replace(" ", "")).toList()));
        }
    }

    @Override
    public void end(int[] greedy) {
        if (greedy.length > 0) {
            console.line("greedy: " + String.join(",", Arrays.stream(greedy).mapToObj(Integer::toString).toList()));
        }
    }

    @Override
    public void close() {}
}
