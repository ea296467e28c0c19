package org.mojave.compress.route;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;

/**
 * Router calibration of EAQuant: rounds a router to few bits, one scale and zero per row, with the range of each row shrunk by a clip
 * ratio that keeps the original choices:
 *
 * <p>{@code loss = mean over tokens of Σ_S (z − ẑ)² / m + KL(p_S ‖ p̂_S)}, S the m likeliest experts of the original, p renormalised over
 * S (the published code does not renormalise, and uses one ratio for all rows where the KL term counts).
 *
 * <p>Rows start at the ratio of least weight error or unclipped, whichever loses less, and are then improved in turn over the
 * published grid (101 ratios from 0.35 to 1); the loss never rises.
 *
 * @param setting experts, chosen and compared
 * @param bits of a code, 2 to 8
 * @param sweeps rounds over all rows
 */
public record RouterClip(RouterAgreement.Setting setting, int bits, int sweeps) {
    private static final int STEPS = 101;
    private static final double LEAST_RATIO = 0.35;

    public RouterClip {
        if (bits < 2 || bits > 8 || sweeps < 0) {
            throw new IllegalArgumentException("router of " + bits + " bits in " + sweeps + " sweeps");
        }
    }

    /**
     * A rounded router.
     *
     * @param ratio [experts] share of the row's range that is kept
     * @param scale [experts]
     * @param zero [experts], whole numbers
     * @param weight [experts, hidden] decoded: {@code scale · (code − zero)}
     * @param loss over the calibration tokens
     * @param unclippedLoss the same with all ratios 1
     */
    public record Result(double[] ratio, float[] scale, float[] zero, float[] weight, double loss, double unclippedLoss) {}

    /** A router w [experts, hidden] rounded with the whole range of each row, decoded: what calibration is held against. */
    public static float[] unclipped(float[] w, int experts, int bits) {
        float[] decoded = new float[w.length];
        int hidden = w.length / experts;
        for (int e = 0; e < experts; e++) {
            System.arraycopy(RoundedRow.of(w, e, hidden, bits, 1).decoded(), 0, decoded, e * hidden, hidden);
        }
        return decoded;
    }

    /** Finds the ratios for one router. */
    public Result search(RouterSample sample) {
        if (sample.experts() != setting.experts() || sample.tokens() == 0) {
            throw new IllegalArgumentException(sample.tokens() + " tokens of " + sample.experts() + " experts for a calibration over "
                    + setting.experts());
        }
        Search search = new Search(sample);
        search.setAll(e -> 1);
        double unclipped = search.loss();
        double[] byWeight = new double[sample.experts()];
        Arrays.setAll(byWeight, search::leastWeightError);
        search.setAll(e -> byWeight[e]);
        if (search.loss() > unclipped) {
            search.setAll(e -> 1);
        }
        int sweep = 0;
        while (sweep < sweeps && search.improve()) {
            sweep++;
        }
        return search.result(unclipped);
    }

    private static double ratio(int step) {
        return LEAST_RATIO + (1 - LEAST_RATIO) * step / (STEPS - 1);
    }

    /** State of one search: current rows, their outputs, and which tokens care about which row. */
    private final class Search {
        private final RouterSample sample;
        private final int[][] compared;
        private final int[][] tokensOf;
        private final double[] ratio;
        private final RoundedRow[] rows;
        private final float[] outputs;

        Search(RouterSample sample) {
            this.sample = sample;
            compared = new int[sample.tokens()][];
            tokensOf = new int[sample.experts()][sample.tokens()];
            int[] counts = new int[sample.experts()];
            for (int t = 0; t < compared.length; t++) {
                compared[t] = TopExperts.of(sample.logits(), t * sample.experts(), sample.experts(), setting.compared());
                for (int e : compared[t]) {
                    tokensOf[e][counts[e]++] = t;
                }
            }
            for (int e = 0; e < counts.length; e++) {
                tokensOf[e] = Arrays.copyOf(tokensOf[e], counts[e]);
            }
            ratio = new double[sample.experts()];
            rows = new RoundedRow[sample.experts()];
            outputs = new float[sample.logits().length];
        }

        void setAll(IntToDoubleFunction ratios) {
            for (int e = 0; e < rows.length; e++) {
                set(e, ratios.applyAsDouble(e));
            }
        }

        private void set(int expert, double newRatio) {
            ratio[expert] = newRatio;
            rows[expert] = RoundedRow.of(sample.weight(), expert, sample.hidden(), bits, newRatio);
            for (int t : tokensOf[expert]) {
                outputs[t * rows.length + expert] = (float) RouterSample.dot(sample.inputs(), t * sample.hidden(),
                        rows[expert].decoded(), 0, sample.hidden());
            }
        }

        double leastWeightError(int expert) {
            double best = 1;
            double least = Double.POSITIVE_INFINITY;
            for (int step = STEPS - 1; step >= 0; step--) {
                double error = RoundedRow.of(sample.weight(), expert, sample.hidden(), bits, ratio(step))
                        .error(sample.weight(), expert);
                if (error < least) {
                    least = error;
                    best = ratio(step);
                }
            }
            return best;
        }

        /** One sweep over the rows; false when no row could be improved. */
        boolean improve() {
            boolean improved = false;
            for (int e = 0; e < rows.length; e++) {
                double before = ratio[e];
                double best = before;
                double least = loss(tokensOf[e]);
                for (int step = STEPS - 1; step >= 0 && tokensOf[e].length > 0; step--) {
                    set(e, ratio(step));
                    double loss = loss(tokensOf[e]);
                    if (loss < least) {
                        least = loss;
                        best = ratio(step);
                    }
                }
                set(e, best);
                improved |= best != before;
            }
            return improved;
        }

        private double loss(int[] tokens) {
            double sum = 0;
            for (int t : tokens) {
                sum += loss(t);
            }
            return sum;
        }

        double loss() {
            double sum = 0;
            for (int t = 0; t < compared.length; t++) {
                sum += loss(t);
            }
            return sum / compared.length;
        }

        private double loss(int token) {
            int offset = token * rows.length;
            double squares = 0;
            for (int e : compared[token]) {
                double difference = sample.logits()[offset + e] - outputs[offset + e];
                squares += difference * difference;
            }
            return squares / compared[token].length + TopExperts.divergence(sample.logits(), outputs, offset, compared[token]);
        }

        Result result(double unclippedLoss) {
            float[] scale = new float[rows.length];
            float[] zero = new float[rows.length];
            float[] weight = new float[sample.weight().length];
            for (int e = 0; e < rows.length; e++) {
                scale[e] = rows[e].scale();
                zero[e] = rows[e].zero();
                System.arraycopy(rows[e].decoded(), 0, weight, e * sample.hidden(), sample.hidden());
            }
            return new Result(ratio, scale, zero, weight, loss(), unclippedLoss);
        }
    }
}
