package org.mojave.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Progress;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Streams;
import org.mojave.cli.terminal.Table;
import org.mojave.engine.evaluate.Estimate;
import org.mojave.engine.evaluate.Evaluation;
import org.mojave.engine.evaluate.EvaluationOptions;
import org.mojave.engine.evaluate.Evaluator;
import org.mojave.engine.evaluate.LogitSource;
import org.mojave.engine.evaluate.ModelLogits;
import org.mojave.engine.kernel.ActivationScheme;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.DynamicPruning;
import org.mojave.engine.run.IntegerActivations;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RunParts;
import org.mojave.engine.stream.MemoryShares;
import org.mojave.engine.tokenize.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mojave eval}: perplexity of texts, and the distance to another model. */
@Command(
        name = "eval",
        description = {
            "Measures a model on texts: perplexity, and with --against how far its predictions are from another model's.",
            "A text is cut into windows that do not overlap (a last partial one is dropped), each is run alone, and the loss is",
            "the mean over its tokens but the first. Ranges are 95 %% confidence intervals over windows.",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave eval examples/wren-moe --text book.txt",
            "  mojave eval compressed --against examples/wren-moe --text book.txt code.txt",
            "  mojave eval examples/wren-moe --text book.txt --first 128    the protocol of llama-perplexity -c 256",
            "  mojave eval examples/wren-moe --text book.txt --windows 50 --json",
            "  mojave eval compressed --text book.txt --activations 4       weights and activations in 4 bits, whole-number products",
        })
final class EvalCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Mixin
    private final KernelOption kernels = new KernelOption(KernelOption.Kernels.EXACT);

    @Option(names = "--activations", paramLabel = "A",
            description = "Round the inputs of quantized matrices, token by token, to 4 or 8 bits and multiply whole numbers, as integer "
                    + "hardware would; 4s: symmetric, 4a0.95: another share of the range (default: floats).")
    private String activations;

    @Mixin
    private StoreOption place = new StoreOption();

    @Mixin
    private PruneOption prune = new PruneOption();

    @Parameters(paramLabel = "MODEL", description = "Folder of the model, or a .gguf file.")
    private Path folder;

    @Option(names = "--text", paramLabel = "FILE", arity = "1..*", required = true, description = "UTF-8 text files, each measured alone.")
    private List<Path> texts;

    @Option(names = "--against", paramLabel = "BASE", description = "Folder of the model to compare with, usually the original.")
    private Path against;

    @Option(names = "--window", paramLabel = "N", defaultValue = "256", description = "Tokens per window (default: ${DEFAULT-VALUE}).")
    private int window;

    @Option(names = "--first", paramLabel = "N", defaultValue = "0",
            description = "Predictions at the start of a window that do not count (default: ${DEFAULT-VALUE}).")
    private int first;

    @Option(names = "--windows", paramLabel = "N", defaultValue = "0", description = "Only the first N windows of each text (default: all).")
    private int windows;

    @Option(names = "--batch", paramLabel = "N", description = "Windows run at a time (default: what fits into 256 MiB). Never changes a result.")
    private Integer batch;

    @Mixin
    private final KeyValueOption keyValues = new KeyValueOption();

    EvalCommand(Streams streams) {
        this.streams = streams;
    }

    /** One text measured. */
    private record Measured(Path text, Evaluation evaluation, Duration took) {}

    @Override
    public Integer call() {
        Console console = common.console(streams);
        try (Model model = Model.open(folder); Model base = against == null ? null : Model.open(against);
                Tokenizer tokenizer = Tokenizer.open(folder);
                Tokenizer baseTokenizer = baseTokenizer();
                Workers workers = new Workers(common.threads())) {
            checkPair(model, base);
            EvaluationOptions options = options(model, base);
            KernelOption.Selected selected = selected(model, console);
            ProductPath path = selected.path();
            ProductPath basePath = activations == null ? path : new ExactProducts();
            List<int[]> ids = texts.stream().map(text -> ids(text, tokenizer, baseTokenizer)).toList();
            selected.note(console, model);
            Optional<DynamicPruning> pruning = prune.pruning(model, folder);
            MemoryShares.Working working = new MemoryShares.Working(0, options.batch() * bytesPerWindow(model, base));
            try (Model ready = place.place(model, working, console).model()) {
                Evaluator evaluator = new Evaluator(new ModelLogits(ready, workers,
                        RunParts.of(ready, path).skipping(pruning).with(keyValues.type())),
                        Optional.ofNullable(base).map(b -> (LogitSource) new ModelLogits(b, workers, basePath)), workers);
                List<Measured> all = new ArrayList<>();
                for (int i = 0; i < texts.size(); i++) {
                    all.add(measure(console, evaluator, options, texts.get(i), ids.get(i)));
                }
                show(console, all);
                pruning.ifPresent(skips -> console.note(PruneOption.line(skips)));
            }
        }
        return ExitCode.DONE.code();
    }

    /** The way to multiply; a model that was made for rounded activations and is measured without is pointed out. */
    private KernelOption.Selected selected(Model model, Console console) {
        if (activations == null) {
            String meant = model.config().node().path("quantization_config").path("recipe").path("transformation").path("activations").asString("");
            if (!meant.isEmpty()) {
                console.note(folder + " was made for rounded activations; measure them with --activations " + meant);
            }
            return kernels.select();
        }
        ActivationScheme scheme;
        try {
            scheme = ActivationScheme.parse(activations);
        } catch (IllegalArgumentException e) {
            throw new UsageException("--activations: " + e.getMessage());
        }
        if (!(kernels.select().path() instanceof ExactProducts)) {
            throw new UsageException("--activations says how to multiply; leave out --kernels");
        }
        ProductPath path = IntegerActivations.of(model, scheme);
        return new KernelOption.Selected(path, "--activations " + activations);
    }

    private long bytesPerWindow(Model model, Model base) {
        long cache = keyValues.type() == KeyValueType.F32 ? 0 : KvCache.bytes(model.spec(), window, keyValues.type());
        return cache + ModelLogits.bytesPerWindow(model.spec(), window) + (base == null ? 0 : ModelLogits.bytesPerWindow(base.spec(), window));
    }

    /** The base's own tokenizer, to see that it agrees; null where it has none. */
    private Tokenizer baseTokenizer() {
        return against != null && (Files.isRegularFile(against) || Files.exists(against.resolve("tokenizer.json"))) ? Tokenizer.open(against) : null;
    }

    private void checkPair(Model model, Model base) {
        if (base != null && model.vocabularySize() != base.vocabularySize()) {
            throw new UsageException("--against " + against + ": its vocabulary has " + base.vocabularySize() + " tokens, that of "
                    + folder + " has " + model.vocabularySize() + "; only models with the same tokens can be compared");
        }
        int context = base == null ? model.contextLength() : Math.min(model.contextLength(), base.contextLength());
        if (window > context) {
            throw new UsageException("--window " + window + " is more than the model's context of " + context + " tokens");
        }
    }

    private EvaluationOptions options(Model model, Model base) {
        long bytes = bytesPerWindow(model, base);
        try {
            return new EvaluationOptions(window, first, windows, batch == null ? EvaluationOptions.batchFor(bytes) : batch);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private int[] ids(Path text, Tokenizer tokenizer, Tokenizer baseTokenizer) {
        String content = TextFiles.read(text);
        int[] ids = tokenizer.encode(content);
        if (baseTokenizer != null && !Arrays.equals(ids, baseTokenizer.encode(content))) {
            throw new UsageException("--against " + against + ": its tokenizer cuts " + text + " differently; only models with the "
                    + "same tokenizer can be compared");
        }
        if (ids.length < window) {
            throw new UsageException(text + ": has " + ids.length + " tokens, less than one window of " + window
                    + "; give a longer text or a smaller --window");
        }
        return ids;
    }

    private Measured measure(Console console, Evaluator evaluator, EvaluationOptions options, Path text, int[] ids) {
        long start = System.nanoTime();
        try (Progress progress = console.progress("Evaluating " + text.getFileName(), Evaluator.windows(ids.length, options),
                Progress.Unit.ITEMS)) {
            Evaluation evaluation = evaluator.evaluate(ids, options, (done, _, loss) -> {
                progress.at(done);
                progress.message("perplexity " + Quantities.decimals(Math.exp(loss), 3));
            });
            return new Measured(text, evaluation, Duration.ofNanos(System.nanoTime() - start));
        }
    }

    private void show(Console console, List<Measured> all) {
        if (console.json()) {
            console.json(Map.of("model", folder.toString(), "window", window, "first", first,
                    "texts", all.stream().map(EvalCommand::json).toList()));
            return;
        }
        Table table = new Table("text", ">windows", ">tokens", ">loss", ">perplexity", "95 %", ">time");
        for (Measured m : all) {
            Evaluation e = m.evaluation();
            table.row(m.text().getFileName(), e.windows(), e.predicted(), Quantities.decimals(e.loss().mean(), 6),
                    Quantities.decimals(e.perplexity().value(), 4), range(e.perplexity(), 2), Quantities.duration(m.took()));
        }
        console.table(table);
        if (against == null) {
            return;
        }
        Table comparison = new Table("against " + against, ">perplexity", ">ratio", "95 %", ">divergence", "95 %", ">same best token");
        for (Measured m : all) {
            Evaluation.Comparison c = m.evaluation().comparison().orElseThrow();
            comparison.row(m.text().getFileName(), Quantities.decimals(c.basePerplexity().value(), 4),
                    Quantities.decimals(c.perplexityRatio().value(), 4), range(c.perplexityRatio(), 4),
                    Quantities.decimals(c.divergence().mean(), 5), range(c.divergence().mapped(v -> v), 5),
                    Quantities.decimals(100 * c.agreement().mean(), 2) + " %");
        }
        console.line("");
        console.table(comparison);
    }

    private static String range(Estimate.Interval interval, int digits) {
        return Double.isNaN(interval.low()) ? "one window"
                : Quantities.decimals(interval.low(), digits) + " – " + Quantities.decimals(interval.high(), digits);
    }

    private static Map<String, Object> json(Measured measured) {
        Evaluation e = measured.evaluation();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("text", measured.text().toString());
        json.put("tokens", e.tokens());
        json.put("windows", e.windows());
        json.put("predicted", e.predicted());
        json.put("loss", json(e.loss()));
        json.put("perplexity", json(e.perplexity()));
        e.comparison().ifPresent(c -> json.put("against", json(c)));
        json.put("seconds", measured.took().toMillis() / 1e3);
        return json;
    }

    private static Map<String, Object> json(Evaluation.Comparison c) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("loss", json(c.baseLoss()));
        json.put("perplexity", json(c.basePerplexity()));
        json.put("lossDifference", json(c.lossDifference()));
        json.put("perplexityRatio", json(c.perplexityRatio()));
        json.put("divergence", json(c.divergence()));
        json.put("largestDivergence", c.largestDivergence());
        json.put("agreement", json(c.agreement()));
        return json;
    }

    private static Map<String, Object> json(Estimate estimate) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("mean", estimate.mean());
        json.put("standardError", number(estimate.standardError()));
        return json;
    }

    private static Map<String, Object> json(Estimate.Interval interval) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("value", interval.value());
        json.put("low", number(interval.low()));
        json.put("high", number(interval.high()));
        return json;
    }

    /** JSON has no NaN: null says that one window has no spread. */
    private static Double number(double value) {
        return Double.isNaN(value) ? null : value;
    }
}
