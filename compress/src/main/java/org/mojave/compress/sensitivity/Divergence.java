package org.mojave.compress.sensitivity;

import org.mojave.engine.kernel.Workers;

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
        double from = logSum(original, start);
        double to = logSum(changed, start);
        double sum = 0;
        for (int i = start; i < start + vocabulary; i++) {
            double logProbability = original[i] - from;
            sum += Math.exp(logProbability) * (logProbability - (changed[i] - to));
        }
        return Math.max(0, sum);
    }

    private double logSum(float[] logits, int start) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = start; i < start + vocabulary; i++) {
            largest = Math.max(largest, logits[i]);
        }
        double sum = 0;
        for (int i = start; i < start + vocabulary; i++) {
            sum += Math.exp(logits[i] - largest);
        }
        return largest + Math.log(sum);
    }
}
