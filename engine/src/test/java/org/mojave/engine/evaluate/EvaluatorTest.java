package org.mojave.engine.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.InvalidLogitsException;

/** Figures of made-up predictions against the formulas written out again, plainly. */
class EvaluatorTest {
    private static final int VOCABULARY = 11;
    private static final Evaluator.Listener SILENT = (_, _, _) -> { };

    /** Logits that depend on the token, the position and a seed. */
    private record Invented(int vocabularySize, long seed) implements LogitSource {
        float logit(int token, int position, int next) {
            return (float) (6 * new SplittableRandom(seed + 31L * token + 1009L * position + 77_777L * next).nextDouble() - 3);
        }

        @Override
        public Rows run(List<int[]> windows) {
            return (window, first, rows) -> {
                float[] logits = new float[rows * vocabularySize];
                for (int r = 0; r < rows; r++) {
                    for (int v = 0; v < vocabularySize; v++) {
                        logits[r * vocabularySize + v] = logit(windows.get(window)[first + r], first + r, v);
                    }
                }
                return logits;
            };
        }

        double[] probabilities(int token, int position) {
            double[] p = new double[vocabularySize];
            double sum = 0;
            for (int v = 0; v < vocabularySize; v++) {
                p[v] = Math.exp(logit(token, position, v));
                sum += p[v];
            }
            for (int v = 0; v < vocabularySize; v++) {
                p[v] /= sum;
            }
            return p;
        }
    }

    @Test
    void lossAndComparisonFollowTheirFormulas() {
        int[] ids = ids(5 * 8 + 3, VOCABULARY);
        Invented model = new Invented(VOCABULARY, 1);
        Invented base = new Invented(VOCABULARY, 2);
        Evaluation result = evaluate(model, Optional.of(base), ids, new EvaluationOptions(8, 3, 0, 2));
        double[] loss = new double[5];
        double[] difference = new double[5];
        double divergence = 0;
        double agreement = 0;
        for (int w = 0; w < 5; w++) {
            for (int t = 3; t < 7; t++) {
                double[] p = model.probabilities(ids[w * 8 + t], t);
                double[] q = base.probabilities(ids[w * 8 + t], t);
                int next = ids[w * 8 + t + 1];
                loss[w] -= Math.log(p[next]) / 4;
                difference[w] += (Math.log(q[next]) - Math.log(p[next])) / 4;
                for (int v = 0; v < VOCABULARY; v++) {
                    divergence += q[v] * Math.log(q[v] / p[v]) / 20;
                }
                agreement += best(p) == best(q) ? 1 / 20.0 : 0;
            }
        }
        assertThat(result.tokens()).isEqualTo(43);
        assertThat(result.windows()).isEqualTo(5);
        assertThat(result.predicted()).isEqualTo(20);
        assertEstimate(result.loss(), loss);
        Evaluation.Comparison comparison = result.comparison().orElseThrow();
        assertEstimate(comparison.lossDifference(), difference);
        assertThat(comparison.divergence().mean()).isCloseTo(divergence, within(1e-6));
        assertThat(comparison.largestDivergence()).isGreaterThan(divergence);
        assertThat(comparison.agreement().mean()).isCloseTo(agreement, within(1e-12));
        assertThat(comparison.baseLoss().mean()).isCloseTo(result.loss().mean() - comparison.lossDifference().mean(), within(1e-12));
        assertThat(result.perplexity().value()).isCloseTo(Math.exp(mean(loss)), within(1e-5));
        assertThat(result.perplexity().low()).isLessThan(result.perplexity().value()).isPositive();
        assertThat(comparison.perplexityRatio().value())
                .isCloseTo(result.perplexity().value() / comparison.basePerplexity().value(), within(1e-9));
    }

    @Test
    void aModelAgainstItselfDiffersByNothing() {
        Invented model = new Invented(VOCABULARY, 1);
        Evaluation.Comparison comparison = evaluate(model, Optional.of(model), ids(80, VOCABULARY), new EvaluationOptions(8, 0, 0, 3))
                .comparison().orElseThrow();
        assertThat(comparison.divergence().mean()).isBetween(0.0, 1e-15);
        assertThat(comparison.lossDifference()).isEqualTo(new Estimate(0, 0));
        assertThat(comparison.agreement().mean()).isEqualTo(1);
    }

    @Test
    void batchesPanelsAndThreadsChangeNothing() {
        int[] ids = ids(7 * 16, VOCABULARY);
        Invented model = new Invented(VOCABULARY, 4);
        Evaluation one = evaluate(model, Optional.empty(), ids, new EvaluationOptions(16, 0, 0, 1));
        assertThat(evaluate(model, Optional.empty(), ids, new EvaluationOptions(16, 0, 0, 5))).isEqualTo(one);
        try (Workers workers = new Workers(3)) {
            assertThat(new Evaluator(model, Optional.empty(), workers).evaluate(ids, new EvaluationOptions(16, 0, 0, 2), SILENT))
                    .isEqualTo(one);
        }
        int large = 1 << 20; // four rows a panel
        Invented wide = new Invented(large, 5);
        int[] few = ids(10, 1000);
        double loss = 0;
        for (int t = 0; t < 9; t++) {
            loss -= Math.log(wide.probabilities(few[t], t)[few[t + 1]]) / 9;
        }
        assertThat(evaluate(wide, Optional.empty(), few, new EvaluationOptions(10, 0, 0, 1)).loss().mean()).isCloseTo(loss, within(1e-5));
    }

    @Test
    void aLimitTakesTheFirstWindowsAndProgressIsReported() {
        int[] ids = ids(100, VOCABULARY);
        StringBuilder heard = new StringBuilder();
        try (Workers workers = new Workers(1)) {
            Evaluation result = new Evaluator(new Invented(VOCABULARY, 1), Optional.empty(), workers).evaluate(ids,
                    new EvaluationOptions(10, 0, 3, 2), (done, total, _) -> heard.append(done).append('/').append(total).append(' '));
            assertThat(result.windows()).isEqualTo(3);
            assertThat(result.loss()).isEqualTo(new Evaluator(new Invented(VOCABULARY, 1), Optional.empty(), workers)
                    .evaluate(Arrays.copyOf(ids, 39), new EvaluationOptions(10, 0, 3, 8), SILENT).loss());
        }
        assertThat(heard).hasToString("2/3 3/3 ");
    }

    @Test
    void oneWindowHasNoError() {
        assertThat(evaluate(new Invented(VOCABULARY, 1), Optional.empty(), ids(9, VOCABULARY), new EvaluationOptions(8, 0, 0, 1))
                .loss().standardError()).isNaN();
    }

    @Test
    void whatIsNoNumberEndsTheWork() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            LogitSource broken = new LogitSource() {
                @Override
                public int vocabularySize() {
                    return 3;
                }

                @Override
                public Rows run(List<int[]> windows) {
                    return (_, first, _) -> new float[] {0, 0, 0, 0, 0, first == 0 ? bad : 0, 0, 0, 0};
                }
            };
            assertThatThrownBy(() -> evaluate(broken, Optional.empty(), new int[12], new EvaluationOptions(4, 0, 0, 1)))
                    .isInstanceOf(InvalidLogitsException.class).hasMessageContaining("window 0, token 1");
        }
    }

    @Test
    void refusesWhatCannotBeMeasured() {
        assertThatThrownBy(() -> evaluate(new Invented(3, 1), Optional.empty(), new int[5], new EvaluationOptions(8, 0, 0, 1)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("5 tokens").hasMessageContaining("window of 8");
        assertThatThrownBy(() -> evaluate(new Invented(3, 1), Optional.of(new Invented(4, 1)), new int[8], new EvaluationOptions(8, 0, 0, 1)))
                .hasMessageContaining("3 tokens").hasMessageContaining("4");
        assertThatThrownBy(() -> new EvaluationOptions(1, 0, 0, 1)).hasMessageContaining("not 1");
        assertThatThrownBy(() -> new EvaluationOptions(8, 7, 0, 1)).hasMessageContaining("between 0 and 6");
        assertThatThrownBy(() -> new EvaluationOptions(8, 0, -1, 1)).hasMessageContaining("-1");
        assertThatThrownBy(() -> new EvaluationOptions(8, 0, 0, 0)).hasMessageContaining("at least one window");
    }

    private static Evaluation evaluate(LogitSource model, Optional<LogitSource> base, int[] ids, EvaluationOptions options) {
        try (Workers workers = new Workers(1)) {
            return new Evaluator(model, base, workers).evaluate(ids, options, SILENT);
        }
    }

    private static int[] ids(int count, int vocabulary) {
        return new SplittableRandom(9).ints(count, 0, vocabulary).toArray();
    }

    private static int best(double[] p) {
        int best = 0;
        for (int v = 1; v < p.length; v++) {
            best = p[v] > p[best] ? v : best;
        }
        return best;
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    private static void assertEstimate(Estimate estimate, double[] windows) {
        double mean = mean(windows);
        double variance = Arrays.stream(windows).map(v -> (v - mean) * (v - mean)).sum() / (windows.length - 1);
        assertThat(estimate.mean()).isCloseTo(mean, within(1e-6));
        assertThat(estimate.standardError()).isCloseTo(Math.sqrt(variance / windows.length), within(1e-6));
        assertThat(estimate.high() - estimate.low()).isCloseTo(2 * 1.96 * estimate.standardError(), within(1e-4));
    }
}
