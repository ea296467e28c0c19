package org.mojave.engine.evaluate;

import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Logits;

/**
 * Scores of a panel of rows: loss of the token that follows, and where there is a base model, its loss, the divergence and
 * whether both agree. Sums are in float64; each row is computed by one thread.
 */
final class RowScores {
    private final int vocabulary;
    private final Workers workers;
    double[] loss = new double[0];
    double[] baseLoss = new double[0];
    double[] divergence = new double[0];
    boolean[] agrees = new boolean[0];

    RowScores(int vocabulary, Workers workers) {
        this.vocabulary = vocabulary;
        this.workers = workers;
    }

    /** Scores {@code rows} rows; row r predicts {@code targets[offset + r]}. {@code base} may be null. */
    void score(float[] logits, float[] base, int[] targets, int offset, int rows) {
        if (loss.length < rows) {
            loss = new double[rows];
            baseLoss = new double[rows];
            divergence = new double[rows];
            agrees = new boolean[rows];
        }
        workers.run(rows, (row, _) -> {
            int start = row * vocabulary;
            int target = start + targets[offset + row];
            double total = logSumExp(logits, start);
            loss[row] = total - logits[target];
            if (base != null) {
                double baseTotal = logSumExp(base, start);
                baseLoss[row] = baseTotal - base[target];
                divergence[row] = divergence(base, baseTotal, logits, total, start);
                agrees[row] = Logits.best(logits, start, vocabulary) == Logits.best(base, start, vocabulary);
            }
        });
    }

    private double logSumExp(float[] logits, int start) {
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

    private double divergence(float[] base, double baseTotal, float[] logits, double total, int start) {
        double sum = 0;
        for (int i = start; i < start + vocabulary; i++) {
            double logBase = base[i] - baseTotal;
            double probability = Math.exp(logBase);
            if (probability > 0) {
                sum += probability * (logBase - (logits[i] - total));
            }
        }
        return Math.max(0, sum); // rounding may leave −1e−17
    }
}
