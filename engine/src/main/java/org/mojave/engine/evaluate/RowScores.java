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
            double total = Logits.logSum(logits, start, vocabulary);
            loss[row] = total - logits[target];
            if (base != null) {
                double baseTotal = Logits.logSum(base, start, vocabulary);
                baseLoss[row] = baseTotal - base[target];
                divergence[row] = Logits.divergence(new Logits.Row(base, baseTotal), new Logits.Row(logits, total), start, vocabulary);
                agrees[row] = Logits.best(logits, start, vocabulary) == Logits.best(base, start, vocabulary);
            }
        });
    }
}
