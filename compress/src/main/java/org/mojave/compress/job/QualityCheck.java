package org.mojave.compress.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.mojave.compress.calibrate.CalibrationText;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.Report;
import org.mojave.engine.evaluate.Evaluation;
import org.mojave.engine.evaluate.EvaluationOptions;
import org.mojave.engine.evaluate.Evaluator;
import org.mojave.engine.evaluate.ModelLogits;
import org.mojave.engine.kernel.ActivationScheme;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.run.IntegerActivations;
import org.mojave.engine.run.Model;
import org.mojave.engine.tokenize.Tokenizer;

/** Measures the written model against the original on text that calibration has not seen. */
final class QualityCheck {
    private static final String STAGE = "evaluate";
    private static final int WINDOW = 256;
    /** Windows at most, dealt evenly to the files, from the start of each. */
    private static final int WINDOWS = 64;

    private final JobContext job;

    QualityCheck(JobContext job) {
        this.job = job;
    }

    /** Perplexity before and after; empty, with an event, where there is no text or no tokenizer. */
    Optional<Report.Quality> run() {
        JobRequest request = job.preparation().request();
        if (request.evaluation().isEmpty()) {
            return unmeasured("no text was given");
        }
        if (!Files.exists(request.model().resolve("tokenizer.json"))) {
            return unmeasured(request.model() + " has no tokenizer.json");
        }
        int window = Math.min(WINDOW, job.preparation().source().spec().contextLength());
        int[] ids = ids(request, window);
        if (ids.length == 0) {
            return unmeasured("the text is shorter than one window of " + window + " tokens");
        }
        return Optional.of(job.stages().time(STAGE, () -> measure(request, ids, window)));
    }

    private Optional<Report.Quality> unmeasured(String reason) {
        job.raise(new JobEvent.QualityNotMeasured(reason));
        return Optional.empty();
    }

    private static int[] ids(JobRequest request, int window) {
        List<int[]> windows = new ArrayList<>();
        int share = Math.ceilDiv(WINDOWS, request.evaluation().size());
        try (Tokenizer tokenizer = Tokenizer.open(request.model())) {
            for (Path file : request.evaluation()) {
                int[] tokens = tokenizer.encode(CalibrationText.read(file));
                for (int w = 0; w < Math.min(share, tokens.length / window); w++) {
                    windows.add(Arrays.copyOfRange(tokens, w * window, (w + 1) * window));
                }
            }
        }
        return windows.stream().flatMapToInt(Arrays::stream).toArray();
    }

    private Report.Quality measure(JobRequest request, int[] ids, int window) {
        Model original = job.preparation().source().original();
        try (Model written = Model.open(job.records().folder())) {
            EvaluationOptions options = new EvaluationOptions(window, 0, 0, batch(original, window));
            job.listener().started(STAGE, ids.length / window);
            Evaluator evaluator = new Evaluator(new ModelLogits(written, job.workers(), path(request, written)),
                    Optional.of(new ModelLogits(original, job.workers())), job.workers());
            int[] before = {0};
            Evaluation found = evaluator.evaluate(ids, options, (done, _, _) -> {
                job.listener().advanced(done - before[0], "window " + done);
                before[0] = done;
            });
            Evaluation.Comparison comparison = found.comparison().orElseThrow();
            return new Report.Quality(Reporting.names(request.evaluation()), found.windows(), window,
                    comparison.basePerplexity().value(), found.perplexity().value(), comparison.divergence().mean(),
                    comparison.agreement().mean());
        }
    }

    /** As the result is meant to run: with rounded activations, where the recipe names them. */
    private static ProductPath path(JobRequest request, Model written) {
        Optional<ActivationScheme> activations = request.recipe().transformation().activations();
        return activations.isPresent() ? IntegerActivations.of(written, activations.get()) : new ExactProducts();
    }

    /** Windows run at a time, of both models, in half of the memory for buffers. */
    private int batch(Model model, int window) {
        long bytes = 2 * ModelLogits.bytesPerWindow(model.spec(), window);
        return Math.clamp(job.budget().free() / 2 / bytes, 1, EvaluationOptions.batchFor(bytes));
    }
}
