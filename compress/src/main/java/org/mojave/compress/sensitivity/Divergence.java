package org.mojave.compress.sensitivity;

import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Logits;

/** Mean Kullback-Leibler divergence of changed predictions from the original's, in nats a token. Sums are in float64. */
final class Divergence {
    private final int vocabulary;
    private final Workers workers;

    Divergence(int vocabulary, Workers workers) {
        this.vocabulary = vocabulary;
        this.workers = workers;
    }

    /** Sum over the rows of two panels of logits [rows, vocabulary]. */
    double sum(float[] original, float[] changed, int rows) {
        double[] found = new double[rows];
        workers.run(rows, (row, _) -> found[row] = row(original, changed, row * vocabulary));
        double sum = 0;
        for (double value : found) {
            sum += value;
        }
        return sum;
    }

    private double row(float[] original, float[] changed, int start) {
        return Logits.divergence(new Logits.Row(original, Logits.logSum(original, start, vocabulary)),
                new Logits.Row(changed, Logits.logSum(changed, start, vocabulary)), start, vocabulary);
    }
}
