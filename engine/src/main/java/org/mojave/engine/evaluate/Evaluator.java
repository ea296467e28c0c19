package org.mojave.engine.evaluate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.InvalidLogitsException;

/**
 * Measures a model on a text, alone or against a base model. Memory: the hidden states of one batch of windows and one
 * panel of logits, per model.
 *
 * <p>Example: {@code new Evaluator(new ModelLogits(model, workers), Optional.empty(), workers).evaluate(ids, options, (d, n, l) -> { })}
 */
public final class Evaluator {
    /** Floats of logits asked for at a time. */
    private static final int PANEL_FLOATS = 1 << 22;

    private final LogitSource model;
    private final Optional<LogitSource> base;
    private final RowScores scores;

    /** Hears how far the work has come. */
    @FunctionalInterface
    public interface Listener {
        /** {@code done} of {@code total} windows are done, with that mean loss. */
        void windows(int done, int total, double loss);
    }

    /** Of that model, against {@code base} where present, which must have the same vocabulary. */
    public Evaluator(LogitSource model, Optional<LogitSource> base, Workers workers) {
        if (base.isPresent() && base.get().vocabularySize() != model.vocabularySize()) {
            throw new IllegalArgumentException("the models cannot be compared: one has " + model.vocabularySize()
                    + " tokens in its vocabulary, the other " + base.get().vocabularySize());
        }
        this.model = model;
        this.base = base;
        this.scores = new RowScores(model.vocabularySize(), workers);
    }

    /** Windows that {@link #evaluate} will run on a text of that many tokens. */
    public static int windows(long tokens, EvaluationOptions options) {
        long all = tokens / options.window();
        return Math.toIntExact(options.windows() == 0 ? all : Math.min(all, options.windows()));
    }

    /**
     * Measures on the ids of a whole text. Throws IllegalArgumentException for a text shorter than a window and
     * {@link InvalidLogitsException} where a model computes no numbers.
     */
    public Evaluation evaluate(int[] ids, EvaluationOptions options, Listener listener) {
        int windows = windows(ids.length, options);
        if (windows == 0) {
            throw new IllegalArgumentException("the text has " + ids.length + " tokens, less than one window of "
                    + options.window() + "; give a longer text or a smaller window");
        }
        Tally tally = new Tally(windows, options.window() - 1 - options.first());
        for (int first = 0; first < windows; first += options.batch()) {
            List<int[]> batch = new ArrayList<>();
            for (int w = first; w < Math.min(windows, first + options.batch()); w++) {
                batch.add(Arrays.copyOfRange(ids, w * options.window(), (w + 1) * options.window()));
            }
            LogitSource.Rows rows = model.run(batch);
            LogitSource.Rows baseRows = base.map(source -> source.run(batch)).orElse(null);
            for (int w = 0; w < batch.size(); w++) {
                score(rows, baseRows, w, batch.get(w), options.first(), tally);
                tally.endWindow();
            }
            listener.windows(tally.windows, windows, tally.meanLoss());
        }
        return tally.result(ids.length, base.isPresent());
    }

    private void score(LogitSource.Rows rows, LogitSource.Rows baseRows, int window, int[] ids, int skipped, Tally tally) {
        int panel = Math.max(1, PANEL_FLOATS / model.vocabularySize());
        for (int first = skipped; first < ids.length - 1; first += panel) {
            int count = Math.min(panel, ids.length - 1 - first);
            float[] logits = rows.logits(window, first, count);
            float[] baseLogits = baseRows == null ? null : baseRows.logits(window, first, count);
            scores.score(logits, baseLogits, ids, first + 1, count);
            for (int r = 0; r < count; r++) {
                check(scores.loss[r], "window " + tally.windows + ", token " + (first + r));
                if (baseRows != null) {
                    check(scores.baseLoss[r], "base model, window " + tally.windows + ", token " + (first + r));
                    check(scores.divergence[r], "window " + tally.windows + ", token " + (first + r));
                }
            }
            tally.add(scores, count, baseRows != null);
        }
    }

    private static void check(double score, String place) {
        if (!Double.isFinite(score)) {
            throw new InvalidLogitsException(place);
        }
    }

    /** Sums by window. */
    private static final class Tally {
        private final int predictedPerWindow;
        private final double[] loss;
        private final double[] baseLoss;
        private final double[] difference;
        private final double[] divergence;
        private final double[] agreement;
        private double largestDivergence;
        private double allLoss;
        private int windows;

        Tally(int windows, int predictedPerWindow) {
            this.predictedPerWindow = predictedPerWindow;
            loss = new double[windows];
            baseLoss = new double[windows];
            difference = new double[windows];
            divergence = new double[windows];
            agreement = new double[windows];
        }

        void add(RowScores scores, int rows, boolean compared) {
            for (int r = 0; r < rows; r++) {
                loss[windows] += scores.loss[r];
                if (compared) {
                    baseLoss[windows] += scores.baseLoss[r];
                    divergence[windows] += scores.divergence[r];
                    largestDivergence = Math.max(largestDivergence, scores.divergence[r]);
                    agreement[windows] += scores.agrees[r] ? 1 : 0;
                }
            }
        }

        void endWindow() {
            loss[windows] /= predictedPerWindow;
            baseLoss[windows] /= predictedPerWindow;
            divergence[windows] /= predictedPerWindow;
            agreement[windows] /= predictedPerWindow;
            difference[windows] = loss[windows] - baseLoss[windows];
            allLoss += loss[windows];
            windows++;
        }

        double meanLoss() {
            return allLoss / windows;
        }

        Evaluation result(long tokens, boolean compared) {
            Optional<Evaluation.Comparison> comparison = compared
                    ? Optional.of(new Evaluation.Comparison(Estimate.of(baseLoss, windows), Estimate.of(difference, windows),
                            Estimate.of(divergence, windows), largestDivergence, Estimate.of(agreement, windows)))
                    : Optional.empty();
            return new Evaluation(tokens, windows, (long) windows * predictedPerWindow, Estimate.of(loss, windows), comparison);
        }
    }
}
